import { Client, errors as clientErrors } from '@elastic/elasticsearch';
import { Refusal, reasonOf, Unavailable } from './errors.ts';
import type { JobId, RunId, WorkerId } from './ids.ts';

/** What the results index holds of a job; `_id` is the jobId. */
export interface ResultDocument {
  jobId: JobId;
  runId: RunId;
  tick: number;
  workerId: WorkerId;
  input: unknown;
  output: unknown;
  /** ISO 8601. */
  enqueuedAt: string;
  processedAt: string;
}

/** The results index. */
export interface Results {
  client: Client;
  index: string;
}

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

/** How long Elasticsearch may take to answer, in milliseconds, unless the caller has less time. */
const REQUEST_TIMEOUT_MS = 5_000;

/** @param url with or without user and password; an API key goes before these */
export function connect(url: string, index: string, apiKey?: string): Results {
  return {
    index,
    client: new Client({
      node: url,
      ...(apiKey && { auth: { apiKey } }),
      requestTimeout: REQUEST_TIMEOUT_MS,
      // A worker fails fast, and its messages come back: that is the retry.
      maxRetries: 0,
    }),
  };
}

/** What became of one document. */
export type Written = { jobId: JobId } | { jobId: JobId; refused: string };

/**
 * What Elasticsearch says of a document that it will never take. Everything else that it says of one (no room, a closed
 * or blocked index, a key without the right) is its own trouble or the operator's, and no job's fault.
 */
const DOCUMENT_ERRORS = new Set([
  'document_parsing_exception',
  'mapper_parsing_exception',
  'strict_dynamic_mapping_exception',
  'illegal_argument_exception',
]);

/**
 * Writes all documents in one request. A document that is there already stays as it is: its job was done before.
 * @returns what became of each document that Elasticsearch has decided on; one that it had no room for (429, 5xx) is
 *   missing, and may be tried again
 * @throws Unavailable when Elasticsearch does not answer, or has trouble of its own
 */
export async function write(
  results: Results,
  documents: ResultDocument[],
  timeoutMs?: number,
): Promise<Written[]> {
  if (documents.length === 0) return [];
  const answer = await results.client
    .bulk(
      {
        index: results.index,
        operations: documents.flatMap((document) => [{ create: { _id: String(document.jobId) } }, document]),
        filter_path: ['errors', 'items.*.status', 'items.*.error.type', 'items.*.error.reason'],
      },
      { requestTimeout: Math.max(1, Math.min(timeoutMs ?? REQUEST_TIMEOUT_MS, REQUEST_TIMEOUT_MS)) },
    )
    // Whatever is wrong with the request as a whole (a key that ran out, a closed index) is no job's fault.
    .catch((error) => Promise.reject(new Unavailable('results', error)));
  return documents.flatMap(({ jobId }, at): Written[] => {
    const { status, error } = answer.items[at]?.create ?? { status: 503 };
    if (status < 300 || status === 409) return [{ jobId }];
    if (!DOCUMENT_ERRORS.has(error?.type ?? '')) return [];
    return [
      {
        jobId,
        refused: reasonOf(new Error(`Elasticsearch refused the document: ${error?.reason ?? status}`)),
      },
    ];
  });
}

/** Which of these jobs have their document, seen or not yet seen by searches. @throws Unavailable */
export async function present({ client, index }: Results, jobs: JobId[]): Promise<Set<JobId>> {
  if (jobs.length === 0) return new Set();
  const answer = await client
    .mget({ index, ids: jobs.map(String), _source: false, filter_path: ['docs._id', 'docs.found'] })
    .catch((error) => Promise.reject(new Unavailable('results', error)));
  return new Set(
    answer.docs.flatMap((doc) => ('found' in doc && doc.found ? [Number(doc._id) as JobId] : [])),
  );
}

/** Returns when Elasticsearch answers for the index. @throws Unavailable */
export async function reach(results: Results, timeoutMs: number): Promise<void> {
  await results.client.indices
    .exists({ index: results.index }, { requestTimeout: timeoutMs })
    .catch((error) => Promise.reject(new Unavailable('results', error)));
}

/**
 * Makes the index with its mapping if it is not there.
 * @throws Refusal `index_conflict` when an index of that name maps a field otherwise
 * @throws Unavailable
 */
export async function ensureIndex(results: Results): Promise<void> {
  const { client, index } = results;
  try {
    await guarded(() => client.indices.create({ index, mappings: MAPPING }));
  } catch (error) {
    if (
      !(error instanceof clientErrors.ResponseError) ||
      typeOf(error) !== 'resource_already_exists_exception'
    )
      throw error;
    const mapping = await guarded(() => client.indices.getMapping({ index }));
    const properties = Object.values(mapping)[0]?.mappings.properties ?? {};
    for (const [field, { type }] of Object.entries(MAPPING.properties)) {
      const actual = properties[field]?.type;
      if (actual !== type) {
        throw new Refusal(
          'index_conflict',
          `the index ${index} maps ${field} as ${actual ?? 'nothing'}, not as ${type}: choose another index (-c index=NAME) or remove this one`,
          { index, field, expected: type, actual: actual ?? null },
        );
      }
    }
  }
}

/** The highest jobId in the index, whichever deployment wrote it; 0 when it is empty. @throws Unavailable */
export async function highestJobId({ client, index }: Results): Promise<number> {
  const answer = await guarded(() =>
    client.search<unknown, { highest: { value: number | null } }>({
      index,
      size: 0,
      aggs: { highest: { max: { field: 'jobId' } } },
    }),
  );
  return answer.aggregations?.highest.value ?? 0;
}

/** Makes everything that was written visible to searches. @throws Unavailable */
export async function refresh({ client, index }: Results): Promise<void> {
  await guarded(() => client.indices.refresh({ index }));
}

/** How many documents a run has, in a range of jobIds if one is given. @throws Unavailable */
export async function countDocuments(
  { client, index }: Results,
  runId: RunId,
  range?: { first: number; last: number },
): Promise<number> {
  const filter = [
    { term: { runId } },
    ...(range ? [{ range: { jobId: { gte: range.first, lte: range.last } } }] : []),
  ];
  const answer = await guarded(() => client.count({ index, query: { bool: { filter } } }));
  return answer.count;
}

/** About how many jobIds one request looks at for duplicates; each is a bucket in Elasticsearch's memory. */
const IDS_PER_PARTITION = 50_000;

/**
 * How many jobIds of a run have more than one document, as the old system counted them: a terms aggregation with
 * min_doc_count 2. @throws Unavailable
 */
export async function countDuplicates(
  { client, index }: Results,
  runId: RunId,
  documents: number,
): Promise<number> {
  const partitions = Math.ceil(documents / IDS_PER_PARTITION);
  let duplicates = 0;
  for (let partition = 0; partition < partitions; partition++) {
    const answer = await guarded(() =>
      client.search<unknown, { duplicates: { buckets: unknown[]; sum_other_doc_count: number } }>({
        index,
        size: 0,
        query: { bool: { filter: [{ term: { runId } }] } },
        aggs: {
          duplicates: {
            terms: {
              field: 'jobId',
              min_doc_count: 2,
              size: 10_000,
              ...(partitions > 1 && { include: { partition, num_partitions: partitions } }),
            },
          },
        },
      }),
    );
    duplicates += answer.aggregations?.duplicates.buckets.length ?? 0;
  }
  return duplicates;
}

/** The jobIds of a run that have a document, within a range. @throws Unavailable */
export async function documentsIn(
  { client, index }: Results,
  runId: RunId,
  range: { first: number; last: number },
): Promise<Set<number>> {
  const answer = await guarded(() =>
    client.search({
      index,
      size: range.last - range.first + 1,
      _source: false,
      query: {
        bool: { filter: [{ term: { runId } }, { range: { jobId: { gte: range.first, lte: range.last } } }] },
      },
    }),
  );
  return new Set(answer.hits.hits.map((hit) => Number(hit._id)));
}

/** Says what a failed request means: Elasticsearch's or the network's trouble, or the request's own. */
async function guarded<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const trouble =
      error instanceof clientErrors.ResponseError
        ? error.statusCode === 429 || (error.statusCode ?? 500) >= 500
        : error instanceof clientErrors.ElasticsearchClientError;
    throw trouble ? new Unavailable('results', error) : error;
  }
}

function typeOf(error: InstanceType<typeof clientErrors.ResponseError>): string | undefined {
  return (error.body as { error?: { type?: string } } | undefined)?.error?.type;
}
