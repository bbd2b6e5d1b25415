import { errors as clientErrors } from '@elastic/elasticsearch';
import { reasonFrom, Unavailable } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import { deadLetterIndexOf } from '../model/index-name.ts';
import { type BulkItem, type BulkOperation, bulksOf, sendBulk } from './bulk.ts';
import {
  elasticsearchCall,
  isRefusal,
  REQUEST_TIMEOUT_MS,
  type Results,
  type WritableResults,
} from './client.ts';
import { createIndex, ensureIndex } from './ensure-index.ts';
import { deadLetterFields } from './mapping.ts';

/** The document of a job that was given up; its `_id` is the jobId. Times are ISO 8601. */
export interface DeadLetterDocument {
  jobId: JobId;
  runId: RunId;
  tick: number;
  /** The first and the last job of its message. */
  message: { first: JobId; last: JobId };
  /** As `storedValue` returns it. Absent if it could not be read or cannot be stored. */
  item?: unknown;
  reason: string;
  /** Attempts that failed, deaths included, as in the dead letter. */
  attempts: number;
  /** How often a worker died while it ran this job alone; absent for never. */
  deaths?: number;
  /** Whether the job said that retrying is useless. */
  permanent: boolean;
  firstFailedAt: string;
  lastFailedAt: string;
  /** When the dead letter was sent, about. */
  givenUpAt: string;
}

/** What became of writes to the index of dead letters. */
export interface DeadLetterWrites {
  /** Jobs whose document Elasticsearch neither accepted nor refused, and the reason. The write may be tried again. */
  outages: Map<JobId, Unavailable>;
  /** Why Elasticsearch refused documents for good, if it refused any. */
  refusal?: string;
}

/** Creates the index and its template, like those of the results. @throws ApiError `index_conflict` @throws Unavailable */
export function ensureDeadLetterIndex(results: WritableResults): Promise<void> {
  const index = { name: deadLetterIndexOf(results.index) };
  return ensureIndex(results, index, deadLetterFields(results.mapping));
}

/**
 * Creates the index if it does not exist. Without it, the first document would create it with a mapping that
 * Elasticsearch derives. A refusal is no error: the index may exist all the same, and the writes will tell.
 * @throws Unavailable
 */
export async function createDeadLetterIndex(results: WritableResults, requestTimeout: number): Promise<void> {
  const index = { name: deadLetterIndexOf(results.index) };
  try {
    await createIndex(results, index, deadLetterFields(results.mapping), { requestTimeout });
  } catch (error) {
    if (!isRefusal(statusOf(error))) throw new Unavailable('results', error);
  }
}

/** Writes documents, and replaces those of earlier dead letters of the same jobs. @param timeoutMs for all requests together */
export function writeDeadLetters(
  results: Results,
  documents: readonly DeadLetterDocument[],
  timeoutMs: number,
): Promise<DeadLetterWrites> {
  const operations = documents.map(
    (document): BulkOperation => ({
      action: 'index',
      jobId: document.jobId,
      json: JSON.stringify(document),
    }),
  );
  return write(results, operations, timeoutMs);
}

/** Deletes the documents of these jobs, as far as they have one. @param timeoutMs for all requests together */
export function deleteDeadLetters(
  results: Results,
  jobs: readonly JobId[],
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<DeadLetterWrites> {
  const operations = jobs.map((jobId): BulkOperation => ({ action: 'delete', jobId }));
  return write(results, operations, timeoutMs);
}

/** Maximum documents that are deleted at once: what a search finds at most (`index.max_result_window`). */
const MAX_DELETED = 10_000;

/**
 * Deletes up to 10,000 documents of jobs that were given up before a time. A delete by query would need a module that the
 * local Elasticsearch does not have.
 * @param before ISO 8601
 * @returns how many were deleted, and whether there are more
 * @throws Unavailable, also when the key lacks the privilege
 */
export async function deleteDeadLettersBefore(
  results: Results,
  before: string,
): Promise<{ deleted: number; more: boolean }> {
  const { client } = results;
  const deadLetters = { index: deadLetterIndexOf(results.index), ignore_unavailable: true };
  const refresh = () => elasticsearchCall(() => client.indices.refresh(deadLetters));
  await refresh();
  const answer = await elasticsearchCall(() =>
    client.search({
      ...deadLetters,
      size: MAX_DELETED,
      _source: false,
      query: { range: { givenUpAt: { lt: before } } },
      filter_path: ['hits.hits._id'],
    }),
  );
  const jobs = (answer.hits?.hits ?? []).map(({ _id }) => Number(_id) as JobId);
  if (jobs.length === 0) return { deleted: 0, more: false };
  const { outages, refusal } = await deleteDeadLetters(results, jobs);
  const [outage] = outages.values();
  if (outage) throw outage;
  if (refusal !== undefined) throw new Unavailable('results', new Error(refusal));
  // The next search must not find them again.
  await refresh();
  return { deleted: jobs.length, more: jobs.length === MAX_DELETED };
}

async function write(
  results: Results,
  operations: readonly BulkOperation[],
  timeoutMs: number,
): Promise<DeadLetterWrites> {
  const endsAt = Date.now() + timeoutMs;
  const index = deadLetterIndexOf(results.index);
  const outages = new Map<JobId, Unavailable>();
  let refusal: string | undefined;
  for (const bulk of bulksOf(operations)) {
    const items = await sendBulk(results, index, bulk, endsAt - Date.now()).catch((error) =>
      bulk.map((): BulkItem & { cause: unknown } => ({ status: statusOf(error) ?? 503, cause: error })),
    );
    for (const [at, { action, jobId }] of bulk.entries()) {
      const { status, error, cause = error?.reason ?? `status ${status}` } = items[at] as Answered;
      if (status < 300 || (action === 'delete' && status === 404)) continue;
      if (isRefusal(status)) refusal ??= reasonFrom(asError(cause));
      else outages.set(jobId, new Unavailable('results', asError(cause)));
    }
  }
  return { outages, ...(refusal !== undefined && { refusal }) };
}

interface Answered extends BulkItem {
  /** Why the whole request failed. */
  cause?: unknown;
}

const asError = (cause: unknown): unknown => (cause instanceof Error ? cause : new Error(String(cause)));

/** The status of Elasticsearch's answer; undefined if it did not answer. */
function statusOf(error: unknown): number | undefined {
  return error instanceof clientErrors.ResponseError ? error.statusCode : undefined;
}
