import type { estypes } from '@elastic/elasticsearch';

/** The Elasticsearch field types that a job can name without parameters ("Field data types" in its reference). */
export const FIELD_TYPES = [
  'binary',
  'boolean',
  'byte',
  'date',
  'date_nanos',
  'double',
  'flattened',
  'float',
  'geo_point',
  'half_float',
  'integer',
  'ip',
  'keyword',
  'long',
  'match_only_text',
  'short',
  'text',
  'unsigned_long',
  'version',
  'wildcard',
] as const;
/** An Elasticsearch field type that needs no parameters, such as `keyword` or `float`. */
export type FieldType = (typeof FIELD_TYPES)[number];

/** The type of the whole output, or of each of its fields. A field may have any mapping that Elasticsearch accepts. */
export type OutputMapping = FieldType | Readonly<Record<string, FieldType | estypes.MappingProperty>>;
