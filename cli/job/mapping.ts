import type { estypes } from '@elastic/elasticsearch';
import type { Job } from '../../functions/core/job/job.ts';

/** The Elasticsearch types of a document's `item` and `output`. */
export interface Mapping {
  item: estypes.MappingProperty;
  output: estypes.MappingProperty;
}

const ANY_JSON = { type: 'flattened', ignore_above: 8_191, depth_limit: 100 } as const;

export function mappingOf({ list, output }: { list: boolean; output?: Job['output'] }): Mapping {
  return { item: list ? ANY_JSON : { type: 'long' }, output: outputMapping(output) };
}

function outputMapping(output: Job['output']): estypes.MappingProperty {
  if (output === undefined) return ANY_JSON;
  if (typeof output === 'string') return { type: output } as estypes.MappingProperty;
  const properties = Object.entries(output).map(([name, type]) => [
    name,
    typeof type === 'string' ? { type } : type,
  ]);
  return { type: 'object', dynamic: false, properties: Object.fromEntries(properties) };
}

/** A value as a document stores it: a `flattened` field takes objects only. */
export function storedValue(value: unknown, { type }: estypes.MappingProperty): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return type === 'flattened' && !isObject ? { value } : value;
}
