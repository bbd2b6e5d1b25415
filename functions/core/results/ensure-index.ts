import { errors as clientErrors, type estypes } from '@elastic/elasticsearch';
import { ApiError, reasonFrom, Unavailable } from '../model/errors.ts';
import type { ResultsIndex } from '../model/index-name.ts';
import {
  elasticsearchCall,
  type IndexSettings,
  type Results,
  rootCauseType,
  type WritableResults,
} from './client.ts';
import { type IndexFields, indexMappingOf, type Properties, resultFields } from './mapping.ts';

/**
 * Creates the index with its mapping if it does not exist, and a template for it or for all indices of its alias. If the
 * index is deleted during a run, the next write creates it again from the template. Adds fields that the existing index
 * does not have yet.
 * @throws ApiError `index_conflict` when the existing index maps a field differently or fields may not be added to it, when
 *   Elasticsearch does not accept the mapping of the job's output, or when the name is already used: as an alias for an
 *   index, or as an index for an alias
 * @throws Unavailable
 */
export async function ensureIndex(
  results: WritableResults,
  index: ResultsIndex = { name: results.index },
  fields: IndexFields = resultFields(results.mapping),
): Promise<void> {
  const { client } = results;
  try {
    await elasticsearchCall(() => client.indices.putIndexTemplate(templateOf(results, index, fields)));
    await elasticsearchCall(() => createIndex(results, index, fields));
  } catch (error) {
    throw NAME_CONFLICTS.has(rootCauseType(error) ?? '') ? nameConflict(index) : invalidMapping(error);
  }
  const { properties } = await compareIndex(results, index, fields);
  await completeMapping(results, index.name, fields, properties);
}

/** Adds the fields of the mapping that the index does not have. @throws ApiError `index_conflict` @throws Unavailable */
async function completeMapping(
  { client }: Results,
  index: string,
  { all }: IndexFields,
  actual: Properties,
): Promise<void> {
  const { missing, conflict } = compareProperties(all, actual);
  if (conflict) throw fieldConflict(index, conflict);
  if (missing.length === 0) return;
  const names = new Set(missing.map((field) => field.split('.')[0]));
  const added = Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
  try {
    await client.indices.putMapping({ index, properties: added });
  } catch (error) {
    if (!(error instanceof clientErrors.ResponseError) || ![400, 403].includes(error.statusCode ?? 0))
      await elasticsearchCall(() => Promise.reject(error));
    const request = `PUT /${index}/_mapping ${JSON.stringify({ properties: added })}`;
    throw new ApiError(
      'index_conflict',
      `the index ${index} lacks the fields ${missing.join(', ')}, and they cannot be added (${reasonFrom(error)}): ` +
        `send this request with a key that has the privilege manage, or choose another index (-c index=NAME): ${request}`,
      { index, missing, request },
    );
  }
}

/**
 * Creates the index with its mapping and settings, if it does not exist. Its alias comes from the template: an alias in
 * the request would require the privilege `manage`, which includes deleting ("Security privileges", create_index).
 * @throws the client's error
 */
export async function createIndex(
  results: WritableResults,
  { name: index }: ResultsIndex,
  fields: IndexFields,
  options: RequestOptions = {},
): Promise<void> {
  try {
    await results.client.indices.create({ index, ...contentOf(results, fields) }, options);
  } catch (error) {
    if (rootCauseType(error) !== 'resource_already_exists_exception') throw error;
  }
}

/** Elasticsearch's reason if it does not accept a mapping, otherwise the error. */
function invalidMapping(error: unknown): unknown {
  if (!(error instanceof clientErrors.ResponseError) || rootCauseType(error) !== 'mapper_parsing_exception')
    return error;
  return new ApiError(
    'index_conflict',
    `Elasticsearch does not accept the mapping of the job’s output: ${reasonFrom(error)}; change it and deploy again`,
  );
}

/** Error types of an alias with the name of an index, or of an index with the name of an alias. */
const NAME_CONFLICTS = new Set(['invalid_alias_name_exception', 'invalid_index_name_exception']);

function nameConflict({ name, alias }: ResultsIndex): ApiError {
  const reason = alias
    ? `${alias} is an index, so it cannot be the alias of monthly indices`
    : `${name} is an alias`;
  return new ApiError('index_conflict', `${reason}: choose another name (-c index=NAME)`, {
    index: alias ?? name,
  });
}

function templateOf(results: WritableResults, { name, alias }: ResultsIndex, fields: IndexFields) {
  return {
    name: alias ? `${alias}-monthly` : name,
    index_patterns: [alias ? `${alias}-*` : name],
    // Elasticsearch rejects overlapping patterns of the same priority. The longer, more specific pattern must win.
    priority: TEMPLATE_PRIORITY + (alias ?? name).length,
    template: {
      ...contentOf(results, fields),
      ...(alias && { aliases: { [alias]: {} } }),
    },
  };
}

/**
 * Checks the fixed fields and the alias of the index, and creates the index if it does not exist. Unlike `ensureIndex` it
 * changes no templates and no mappings, so a worker needs no privilege for them. Nor does it compare the fields that depend
 * on the job: jobs of an earlier deployment may still be queued for an index with other fields. Elasticsearch stores
 * their documents, or refuses them one by one.
 * @param requestTimeout of each request, in milliseconds
 * @throws Unavailable, also when the mapping or the alias is wrong: the operator must fix it, and no job is to blame
 */
export async function checkIndex(
  results: WritableResults,
  index: ResultsIndex,
  requestTimeout: number,
): Promise<void> {
  const options = { requestTimeout };
  const fields = resultFields(results.mapping);
  try {
    await compareIndex(results, index, fields, options).catch(async (error) => {
      if (rootCauseType(error) !== 'index_not_found_exception') throw error;
      await createIndex(results, index, fields, options);
      await compareIndex(results, index, fields, options);
    });
  } catch (error) {
    throw error instanceof Unavailable ? error : new Unavailable('results', error);
  }
}

interface RequestOptions {
  /** Milliseconds. */
  requestTimeout?: number;
}

/** Higher than Elasticsearch's own templates (100 and 200), and than an operator's usual template for `*`. */
const TEMPLATE_PRIORITY = 1_000;

/** @throws ApiError `index_conflict` when the index maps a fixed field differently, or does not belong to its alias */
async function compareIndex(
  { client }: Results,
  { name: index, alias }: ResultsIndex,
  { fixed }: IndexFields,
  options: RequestOptions = {},
): Promise<{ properties: Properties }> {
  const found = Object.values(await elasticsearchCall(() => client.indices.get({ index }, options)))[0];
  const properties = found?.mappings?.properties ?? {};
  const { missing, conflict } = compareProperties(fixed, properties);
  const [field] = missing;
  if (conflict) throw fieldConflict(index, conflict);
  if (field) throw fieldConflict(index, { field, expected: typeOf(fixed[field] ?? {}) });
  if (alias && !(alias in (found?.aliases ?? {}))) {
    throw new ApiError(
      'index_conflict',
      `the index ${index} was created without its template and does not belong to the alias ${alias}: add it to the alias`,
      { index, alias },
    );
  }
  return { properties };
}

/** A field with another type than expected. `actual` is undefined if the index does not have the field. */
interface FieldConflict {
  field: string;
  expected: string;
  actual?: string;
}

/** Compares the types of fields. Other parameters, e.g. `ignore_above`, may differ. */
function compareProperties(
  expected: Properties,
  actual: Properties,
  prefix = '',
): { missing: string[]; conflict?: FieldConflict } {
  const missing: string[] = [];
  for (const [name, property] of Object.entries(expected)) {
    const field = `${prefix}${name}`;
    const found = actual[name];
    if (!found) {
      missing.push(field);
      continue;
    }
    if (typeOf(found) !== typeOf(property))
      return { missing, conflict: { field, expected: typeOf(property), actual: typeOf(found) } };
    const inner = compareProperties(propertiesOf(property), propertiesOf(found), `${field}.`);
    missing.push(...inner.missing);
    if (inner.conflict) return { missing, conflict: inner.conflict };
  }
  return { missing };
}

/** Elasticsearch does not name the type of an object. */
const typeOf = ({ type = 'object' }: estypes.MappingProperty): string => type;
const propertiesOf = (property: estypes.MappingProperty): Properties =>
  'properties' in property ? (property.properties ?? {}) : {};

function fieldConflict(index: string, { field, expected, actual }: FieldConflict): ApiError {
  return new ApiError(
    'index_conflict',
    `the index ${index} maps ${field} as ${actual ?? 'nothing'}, not as ${expected}: choose another index (-c index=NAME) or delete this one`,
    { index, field, expected, actual: actual ?? null },
  );
}

/** The mapping and the settings of a new index. */
function contentOf({ indexSettings }: WritableResults, fields: IndexFields) {
  return {
    mappings: indexMappingOf(fields),
    ...(indexSettings && { settings: settingsOf(indexSettings) }),
  };
}

function settingsOf({ shards, replicas, refreshSeconds }: IndexSettings) {
  return {
    number_of_shards: shards,
    number_of_replicas: replicas,
    ...(refreshSeconds !== undefined && { refresh_interval: `${refreshSeconds}s` as const }),
  };
}
