import { ApiError, Unavailable } from '../model/errors.ts';
import type { ResultsIndex } from '../model/index-name.ts';
import { elasticsearchCall, type IndexSettings, type Results, rootCauseType } from './client.ts';

/** The explicit mapping of an index. A dynamic mapping would be derived from whichever document comes first. */
export const MAPPING = {
  dynamic: false,
  properties: {
    jobId: { type: 'long' },
    runId: { type: 'keyword' },
    tick: { type: 'integer' },
    workerId: { type: 'keyword' },
    item: { type: 'long' },
    output: { type: 'long' },
    enqueuedAt: { type: 'date' },
    processedAt: { type: 'date' },
  },
} as const;

/**
 * Creates the index with its mapping if it does not exist, and a template for it or for all indices of its alias. If the
 * index is deleted during a run, the next write creates it again from the template.
 * @throws ApiError `index_conflict` when the existing index has another mapping, or the name is already used: as an alias
 *   for an index, or as an index for an alias
 * @throws Unavailable
 */
export async function ensureIndex(
  results: Results,
  index: ResultsIndex = { name: results.index },
): Promise<void> {
  const { client } = results;
  try {
    await elasticsearchCall(() => client.indices.putIndexTemplate(templateOf(results, index)));
    await createIndex(results, index);
  } catch (error) {
    throw NAME_CONFLICTS.has(rootCauseType(error) ?? '') ? nameConflict(index) : error;
  }
  await compareIndex(results, index);
}

/**
 * Creates the index with its mapping and settings, if it does not exist. Its alias comes from the template: an alias in
 * the request would require the privilege `manage`, which includes deleting ("Security privileges", create_index).
 */
async function createIndex(
  { client, indexSettings }: Results,
  { name: index }: ResultsIndex,
  options: RequestOptions = {},
): Promise<void> {
  const settings = indexSettings && { settings: settingsOf(indexSettings) };
  try {
    await elasticsearchCall(() => client.indices.create({ index, mappings: MAPPING, ...settings }, options));
  } catch (error) {
    if (rootCauseType(error) !== 'resource_already_exists_exception') throw error;
  }
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

function templateOf({ indexSettings }: Results, { name, alias }: ResultsIndex) {
  return {
    name: alias ? `${alias}-monthly` : name,
    index_patterns: [alias ? `${alias}-*` : name],
    // Elasticsearch rejects overlapping patterns of the same priority. The longer, more specific pattern must win.
    priority: TEMPLATE_PRIORITY + (alias ?? name).length,
    template: {
      mappings: MAPPING,
      ...(indexSettings && { settings: settingsOf(indexSettings) }),
      ...(alias && { aliases: { [alias]: {} } }),
    },
  };
}

/**
 * Checks the mapping and the alias of the index, and creates the index if it does not exist. Unlike `ensureIndex` it does
 * not change templates, so a worker needs no privilege for them.
 * @param requestTimeout of each request, in milliseconds
 * @throws Unavailable, also when the mapping or the alias is wrong: the operator must fix it, and no job is to blame
 */
export async function checkIndex(
  results: Results,
  index: ResultsIndex,
  requestTimeout: number,
): Promise<void> {
  const options = { requestTimeout };
  try {
    await compareIndex(results, index, options).catch(async (error) => {
      if (rootCauseType(error) !== 'index_not_found_exception') throw error;
      await createIndex(results, index, options);
      await compareIndex(results, index, options);
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

/** @throws ApiError `index_conflict` when the index has another mapping, or does not belong to its alias */
async function compareIndex(
  { client }: Results,
  { name: index, alias }: ResultsIndex,
  options: RequestOptions = {},
): Promise<void> {
  const found = Object.values(await elasticsearchCall(() => client.indices.get({ index }, options)))[0];
  const properties = found?.mappings?.properties ?? {};
  for (const [field, { type }] of Object.entries(MAPPING.properties)) {
    const actual = properties[field]?.type;
    if (actual !== type) {
      throw new ApiError(
        'index_conflict',
        `the index ${index} maps ${field} as ${actual ?? 'nothing'}, not as ${type}: choose another index (-c index=NAME) or delete this one`,
        { index, field, expected: type, actual: actual ?? null },
      );
    }
  }
  if (alias && !(alias in (found?.aliases ?? {}))) {
    throw new ApiError(
      'index_conflict',
      `the index ${index} was created without its template and does not belong to the alias ${alias}: add it to the alias`,
      { index, alias },
    );
  }
}

function settingsOf({ shards, replicas, refreshSeconds }: IndexSettings) {
  return {
    number_of_shards: shards,
    number_of_replicas: replicas,
    ...(refreshSeconds !== undefined && { refresh_interval: `${refreshSeconds}s` as const }),
  };
}
