import { reasonOf, Unavailable } from '../errors.ts';
import type { JobId, RunId, WorkerId } from '../ids.ts';
import { REQUEST_TIMEOUT_MS, type Results } from './client.ts';

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
 * The most bytes of documents in one request. Elasticsearch advises to stay within tens of megabytes
 * ("Tune for indexing speed"), and refuses 100 MB (`http.max_content_length`).
 */
const BULK_BYTES = 10_000_000;

/**
 * Writes all documents, in one request unless they are very large. A document that is there already stays as it is:
 * its job was done before.
 * @returns what became of each document that Elasticsearch has decided on; one that it had no room for (429, 5xx) is
 *   missing, and may be tried again
 * @throws Unavailable when Elasticsearch does not answer, or has trouble of its own
 */
export async function write(
  results: Results,
  documents: ResultDocument[],
  timeoutMs?: number,
): Promise<Written[]> {
  const endsAt = Date.now() + (timeoutMs ?? REQUEST_TIMEOUT_MS);
  const written: Written[] = [];
  for (const bulk of bulks(documents)) {
    const requestTimeout = Math.max(1, Math.min(endsAt - Date.now(), REQUEST_TIMEOUT_MS));
    written.push(...(await writeBulk(results, bulk, requestTimeout)));
  }
  return written;
}

interface Line {
  document: ResultDocument;
  json: string;
}

async function writeBulk(results: Results, bulk: Line[], requestTimeout: number): Promise<Written[]> {
  const answer = await results.client
    .bulk(
      {
        index: results.index,
        operations: bulk.flatMap(({ document, json }) => [{ create: { _id: String(document.jobId) } }, json]),
        filter_path: ['errors', 'items.*.status', 'items.*.error.type', 'items.*.error.reason'],
      },
      { requestTimeout },
    )
    // Whatever is wrong with the request as a whole (a key that ran out, a closed index) is no job's fault.
    .catch((error) => Promise.reject(new Unavailable('results', error)));
  return bulk.flatMap(({ document: { jobId } }, at): Written[] => {
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

function bulks(documents: ResultDocument[]): Line[][] {
  const bulks: Line[][] = [];
  let room = 0;
  for (const document of documents) {
    const json = JSON.stringify(document);
    const bytes = Buffer.byteLength(json);
    if (bulks.length === 0 || bytes > room) {
      bulks.push([]);
      room = BULK_BYTES;
    }
    bulks.at(-1)?.push({ document, json });
    room -= bytes;
  }
  return bulks;
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
