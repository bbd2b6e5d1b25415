import { ApiError, Unavailable } from '../model/errors.ts';
import type { ResultsIndex } from '../model/index-name.ts';
import { elasticsearchCall, type IndexSettings, type Results, rootCauseType } from './client.ts';

/** The index's mapping, said outright: what a first document looked like would be a guess at all the others. */
export const MAPPING = {
  dynamic: false,
  properties: {
    jobId: { type: 'long' },
    runId: { type: 'keyword' },
    tick: { type: 'integer' },
    workerId: { type: 'keyword' },
    input: { type: 'long' },
    output: { type: 'long' },
    enqueuedAt: { type: 'date' },
    processedAt: { type: 'date' },
  },
} as const;

/**
 * Makes the index with its mapping if it is not there, and a template for it, or for all of its alias: should somebody
 * remove the index in mid-run, the next write makes it anew, from the template rather than from a guess at the first
 * document.
 * @throws ApiError `index_conflict` when an index of that name maps a field otherwise, or its alias is an index's name
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
    throw TAKEN.has(rootCauseType(error) ?? '') ? takenName(index) : error;
  }
  await compareIndex(results, index);
}

/**
 * Makes the index with its mapping and settings, unless it is there. Its alias comes from the template: with one in the
 * request, Elasticsearch asks for the privilege `manage`, which includes deleting ("Security privileges", create_index).
 */
async function createIndex(
  { client, indexSettings: made }: Results,
  { name: index }: ResultsIndex,
  options: RequestOptions = {},
): Promise<void> {
  const settings = made && { settings: settingsOf(made) };
  try {
    await elasticsearchCall(() => client.indices.create({ index, mappings: MAPPING, ...settings }, options));
  } catch (error) {
    if (rootCauseType(error) !== 'resource_already_exists_exception') throw error;
  }
}

/** What Elasticsearch says when an alias is to have an index's name, or an index an alias's. */
const TAKEN = new Set(['invalid_alias_name_exception', 'invalid_index_name_exception']);

function takenName({ name, alias }: ResultsIndex): ApiError {
  const is = alias ? `${alias} is an index, and can’t be the alias of monthly ones` : `${name} is an alias`;
  return new ApiError('index_conflict', `${is}: choose another name (-c index=NAME)`, {
    index: alias ?? name,
  });
}

function templateOf({ indexSettings: made }: Results, { name, alias }: ResultsIndex) {
  return {
    name: alias ? `${alias}-monthly` : name,
    index_patterns: [alias ? `${alias}-*` : name],
    // Elasticsearch takes no two of one priority whose patterns meet; of those that do, the longer one is meant.
    priority: TEMPLATE_PRIORITY + (alias ?? name).length,
    template: {
      mappings: MAPPING,
      ...(made && { settings: settingsOf(made) }),
      ...(alias && { aliases: { [alias]: {} } }),
    },
  };
}

/**
 * Sees that the index is there, maps what is written to it and is found by searches; makes it if it is not there.
 * Leaves templates alone, unlike `ensureIndex`: a worker has no need to change how other indices are made.
 * @throws Unavailable, also when the index is not as it has to be: that is for the operator to mend, and no job's fault
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

/** Above Elasticsearch's own templates (100 and 200), so that one of the operator's for `*` does not win either. */
const TEMPLATE_PRIORITY = 1_000;

/** @throws ApiError `index_conflict` when it maps a field otherwise, or its alias does not name it */
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
        `the index ${index} maps ${field} as ${actual ?? 'nothing'}, not as ${type}: choose another index (-c index=NAME) or remove this one`,
        { index, field, expected: type, actual: actual ?? null },
      );
    }
  }
  if (alias && !(alias in (found?.aliases ?? {}))) {
    throw new ApiError(
      'index_conflict',
      `the index ${index} was made without its template, and the alias ${alias} does not name it: add it to the alias`,
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
