import type { estypes } from '@elastic/elasticsearch';

/** An Elasticsearch field type without parameters. */
export type FieldType =
  | 'binary'
  | 'boolean'
  | 'byte'
  | 'date'
  | 'date_nanos'
  | 'double'
  | 'flattened'
  | 'float'
  | 'geo_point'
  | 'half_float'
  | 'integer'
  | 'ip'
  | 'keyword'
  | 'long'
  | 'match_only_text'
  | 'short'
  | 'text'
  | 'unsigned_long'
  | 'version'
  | 'wildcard';

/** The type of the whole output, or of each of its fields. A field may have any mapping that Elasticsearch accepts. */
export type OutputMapping = FieldType | Readonly<Record<string, FieldType | estypes.MappingProperty>>;
