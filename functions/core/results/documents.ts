import { chunk, groupBy } from '../grouping.ts';
import { reasonFrom, Unavailable } from '../model/errors.ts';
import type { JobId, RunId, WorkerId } from '../model/ids.ts';
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

/** A document, and the index that it belongs in. */
export interface IndexedDocument {
  index: string;
  document: ResultDocument;
}

/** What became of one document. */
export interface WriteResult {
  jobId: JobId;
  /** Why Elasticsearch will never take it, if it won't. */
  refused?: string;
}

/**
 * What Elasticsearch says of a document that it will never take. Everything else that it says of one (no room, a closed
 * or blocked index, a key without the right) is its own problem or the operator's, and no job's fault.
 */
const DOCUMENT_ERRORS = new Set([
  'document_parsing_exception',
  'mapper_parsing_exception',
  'strict_dynamic_mapping_exception',
  'illegal_argument_exception',
]);

/** What goes by a document's error and is the index's problem: it is full, its alias or its pipeline is gone. */
const INDEX_TROUBLE = /can't exceed|no write index|pipeline with id/;

/**
 * The most bytes of documents in one request. Elasticsearch advises to stay within tens of megabytes
 * ("Tune for indexing speed"), and refuses 100 MB (`http.max_content_length`).
 */
const BULK_LIMIT = { count: Number.POSITIVE_INFINITY, bytes: 10_000_000 };

/**
 * Writes all documents, in one request unless they are very large or of several indices. A document that is there already stays as it is:
 * its job was done before.
 * @returns what became of each document that Elasticsearch has decided on; one that it had no room for (429, 5xx), or
 *   whose index it has problem with, is missing, and may be tried again
 */
export async function writeDocuments(
  results: Results,
  documents: readonly IndexedDocument[],
  timeoutMs?: number,
): Promise<{ written: WriteResult[]; problem?: Unavailable }> {
  const endsAt = Date.now() + (timeoutMs ?? REQUEST_TIMEOUT_MS);
  const lines = documents.map(lineOf);
  const written = lines.flatMap(({ jobId, json }): WriteResult[] =>
    json === undefined ? [{ jobId, refused: 'its document can’t be written as JSON' }] : [],
  );
  let problem: Unavailable | undefined;
  for (const bulk of bulksOf(lines)) {
    const requestTimeout = Math.max(1, Math.min(endsAt - Date.now(), REQUEST_TIMEOUT_MS));
    try {
      written.push(...(await writeBulk(results, bulk, requestTimeout)));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      // One index's problem (somebody has closed it) is no reason to leave what belongs in another.
      problem ??= error;
    }
  }
  if (written.length < documents.length) problem ??= new Unavailable('results', new Error('no room'));
  return { written, ...(problem && { problem }) };
}

/** A document as it is sent; without JSON where a job's output changes its mind about being JSON. */
interface Line {
  index: string;
  jobId: JobId;
  json: string | undefined;
}

/** What one request takes. */
interface Bulk {
  index: string;
  lines: Line[];
}

function lineOf({ index, document }: IndexedDocument): Line {
  try {
    return { index, jobId: document.jobId, json: JSON.stringify(document) };
  } catch {
    return { index, jobId: document.jobId, json: undefined };
  }
}

async function writeBulk(
  { client }: Results,
  { index, lines }: Bulk,
  requestTimeout: number,
): Promise<WriteResult[]> {
  const answer = await client
    .bulk(
      {
        index,
        operations: lines.flatMap(({ jobId, json }) => [{ create: { _id: String(jobId) } }, json]),
        filter_path: ['errors', 'items.*.status', 'items.*.error.type', 'items.*.error.reason'],
      },
      { requestTimeout },
    )
    // Whatever is wrong with the request as a whole (a key that ran out, a closed index) is no job's fault.
    .catch((error) => Promise.reject(new Unavailable('results', error)));
  return lines.flatMap(({ jobId }, at): WriteResult[] => {
    const { status, error } = answer.items?.[at]?.create ?? { status: 503 };
    if (status < 300 || status === 409) return [{ jobId }];
    if (!DOCUMENT_ERRORS.has(error?.type ?? '') || INDEX_TROUBLE.test(error?.reason ?? '')) return [];
    return [
      {
        jobId,
        refused: reasonFrom(new Error(`Elasticsearch refused the document: ${error?.reason ?? status}`)),
      },
    ];
  });
}

function bulksOf(lines: readonly Line[]): Bulk[] {
  const fit = lines.filter(({ json }) => json !== undefined);
  return [...groupBy(fit, ({ index }) => index)].flatMap(([index, here]) =>
    chunk(here, BULK_LIMIT, ({ json = '' }) => Buffer.byteLength(json)).map((lines) => ({ index, lines })),
  );
}

/** Which of these jobs have their document in an index, seen or not yet seen by searches. @throws Unavailable */
export async function findStoredIds(
  { client }: Results,
  index: string,
  jobs: JobId[],
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<Set<JobId>> {
  if (jobs.length === 0) return new Set();
  const answer = await client
    .mget(
      {
        index,
        ids: jobs.map(String),
        _source: false,
        filter_path: ['docs._id', 'docs.found', 'docs.error.type', 'docs.error.reason'],
      },
      { requestTimeout: Math.max(1, Math.min(timeoutMs, REQUEST_TIMEOUT_MS)) },
    )
    .catch((error) => Promise.reject(new Unavailable('results', error)));
  return new Set(
    answer.docs.flatMap((doc) => {
      // Not to be told is not to be there: a shard may be missing just now.
      if ('error' in doc && doc.error.type !== 'index_not_found_exception')
        throw new Unavailable('results', new Error(doc.error.reason ?? doc.error.type));
      return 'found' in doc && doc.found ? [Number(doc._id) as JobId] : [];
    }),
  );
}
