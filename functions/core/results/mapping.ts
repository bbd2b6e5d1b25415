import type { estypes } from '@elastic/elasticsearch';
import type { FieldType, OutputMapping } from '../job/output-mapping.ts';
import { reasonFrom } from '../model/errors.ts';

/** The mapping of an index: the fields of a document that depend on the job. */
export interface Mapping {
  item: estypes.MappingProperty;
  output: estypes.MappingProperty;
}

/**
 * Maximum characters of a text that can be searched. A longer one is stored only. A character takes at most three bytes in
 * UTF-8, so that a term has room for a key of `MAX_PATH_BYTES` within Lucene's limit of 32,766 bytes.
 */
const MAX_TERM_CHARACTERS = 8_191;

/** Maximum objects within each other in a value of any JSON. Elasticsearch's default is 20 ("Flattened field type"). */
const MAX_OBJECT_DEPTH = 100;

/** Maximum objects and arrays within each other. Elasticsearch 8.19 accepts 1,000 in a request (measured). */
const MAX_JSON_DEPTH = 990;

/** Maximum bytes of the keys that lead to a value: what a term of 32,766 bytes leaves beside the longest text. */
const MAX_PATH_BYTES = 8_192;

/** Any JSON: one field for all keys, so that unknown keys cannot add fields without limit. */
const ANY_JSON = {
  type: 'flattened',
  ignore_above: MAX_TERM_CHARACTERS,
  depth_limit: MAX_OBJECT_DEPTH,
} as const satisfies estypes.MappingProperty;

/** The mapping for a job. @param list whether the job has a list; otherwise its items are numbers */
export function mappingOf({ list, output }: { list: boolean; output?: OutputMapping | undefined }): Mapping {
  return { item: list ? ANY_JSON : { type: 'long' }, output: outputProperty(output) };
}

function outputProperty(output: OutputMapping | undefined): estypes.MappingProperty {
  if (output === undefined) return ANY_JSON;
  if (typeof output === 'string') return propertyOf(output);
  const properties = Object.entries(output).map(([name, field]) => [
    name,
    typeof field === 'string' ? propertyOf(field) : field,
  ]);
  // Elasticsearch would map other fields by whichever document comes first.
  return { type: 'object', dynamic: false, properties: Object.fromEntries(properties) };
}

/** A text that is too long for a term must not cost the document. */
function propertyOf(type: FieldType): estypes.MappingProperty {
  if (type === 'flattened') return ANY_JSON;
  return type === 'keyword' ? { type, ignore_above: MAX_TERM_CHARACTERS } : { type };
}

/** The fields of a document that are the same for all jobs. A field with another type would break counting or searching. */
export const FIXED_FIELDS = {
  jobId: { type: 'long' },
  runId: { type: 'keyword' },
  tick: { type: 'integer' },
  workerId: { type: 'keyword' },
  enqueuedAt: { type: 'date' },
  processedAt: { type: 'date' },
} as const satisfies Properties;

/** The fields of a dead letter's document that are the same for all jobs. */
const DEAD_LETTER_FIELDS = {
  jobId: { type: 'long' },
  runId: { type: 'keyword' },
  tick: { type: 'integer' },
  // Searches find the words of a text.
  reason: { type: 'text' },
  attempts: { type: 'integer' },
  deaths: { type: 'integer' },
  permanent: { type: 'boolean' },
  firstFailedAt: { type: 'date' },
  lastFailedAt: { type: 'date' },
  givenUpAt: { type: 'date' },
} as const satisfies Properties;

/** The fields of an index. */
export interface IndexFields {
  /** Those without which the index cannot be used. */
  fixed: Properties;
  all: Properties;
}

export type Properties = Record<string, estypes.MappingProperty>;

/** The fields of a results index. */
export function resultFields(mapping: Mapping): IndexFields {
  return { fixed: FIXED_FIELDS, all: { ...FIXED_FIELDS, version: { type: 'keyword' }, ...mapping } };
}

/** The fields of the index of dead letters. */
export function deadLetterFields({ item }: Mapping): IndexFields {
  return { fixed: DEAD_LETTER_FIELDS, all: { ...DEAD_LETTER_FIELDS, item } };
}

/** The explicit mapping of an index. A dynamic mapping would be derived from whichever document comes first. */
export function indexMappingOf({ all }: IndexFields) {
  return { dynamic: false as const, properties: all };
}

/** A value as it is stored, or why Elasticsearch would refuse it. */
export type StoredValue = { value: unknown } | { problem: string };

/**
 * The value of a field as it is stored. A `flattened` field accepts only objects, so that any other JSON is put into one:
 * `{ "value": … }`. For other types, Elasticsearch judges the value itself.
 * @param what the field's name, for the problem
 * @param value any JSON, or an object that JSON.stringify can write as JSON
 */
export function storedValue(
  what: keyof Mapping,
  { type }: estypes.MappingProperty,
  value: unknown,
): StoredValue {
  if (type !== 'flattened') return { value };
  if (typeof value !== 'object' || value === null) return { value: { value } };
  try {
    // An object may be written as something else: a Date as a text, for example.
    const json = JSON.parse(JSON.stringify(value));
    const stored = isObject(json) ? json : { value: json };
    const problem = problemIn(stored, '', 0, 0);
    return problem === undefined
      ? { value: stored }
      : { problem: `its ${what} cannot be stored: ${problem}` };
  } catch (thrown) {
    return { problem: `its ${what} cannot be written as JSON: ${reasonFrom(thrown)}` };
  }
}

function problemIn(value: unknown, path: string, objects: number, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const within = objects + (isObject(value) ? 1 : 0);
  if (within > MAX_OBJECT_DEPTH) return `more than ${MAX_OBJECT_DEPTH} objects within each other`;
  if (depth >= MAX_JSON_DEPTH) return `more than ${MAX_JSON_DEPTH} objects and arrays within each other`;
  for (const [key, child] of Object.entries(value)) {
    const childPath = isObject(value) ? `${path}.${key}` : path;
    if (childPath.length > MAX_PATH_BYTES / 3 && Buffer.byteLength(childPath) > MAX_PATH_BYTES)
      return `the keys that lead to one of its values have more than ${MAX_PATH_BYTES} bytes`;
    if (isObject(value) && key.includes('\0')) return 'one of its keys contains the character U+0000';
    const problem = problemIn(child, childPath, within, depth + 1);
    if (problem) return problem;
  }
  return undefined;
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
