import { groupBy } from '../grouping.ts';
import { reasonFrom, Unavailable } from '../model/errors.ts';
import type { JobId, RunId, WorkerId } from '../model/ids.ts';
import { type BulkItem, type BulkOperation, bulksOf, sendBulk } from './bulk.ts';
import { elasticsearchCall, REQUEST_TIMEOUT_MS, type Results } from './client.ts';

/** The document of a processed job; its `_id` is the jobId. */
export interface ResultDocument {
  jobId: JobId;
  runId: RunId;
  tick: number;
  workerId: WorkerId;
  /** The version of the code that did the job. */
  version: string;
  /** As `storedValue` returns it, like the output. */
  item: unknown;
  output: unknown;
  /** ISO 8601. */
  enqueuedAt: string;
  /** ISO 8601. */
  processedAt: string;
}

/** A document and the name of its index. */
export interface IndexedDocument {
  index: string;
  document: ResultDocument;
}

/** A document that Elasticsearch has stored or refused. */
export interface WriteResult {
  jobId: JobId;
  /** Why Elasticsearch will never accept the document; absent if it is stored. */
  refused?: string;
}

/**
 * Error types of documents that Elasticsearch will never accept. All other errors (no capacity, a closed or blocked
 * index, missing privileges) are for Elasticsearch or the operator to fix, and no job is to blame.
 */
const DOCUMENT_ERRORS = new Set([
  'document_parsing_exception',
  'mapper_parsing_exception',
  'strict_dynamic_mapping_exception',
  'illegal_argument_exception',
]);

/** Reasons of such errors that are the index's problem: it is full, or its alias or pipeline is missing. */
const INDEX_PROBLEM = /can't exceed|no write index|pipeline with id/;

/**
 * Writes documents, in one request per index and 10 MB. An existing document is not changed: its job was done before.
 * @param timeoutMs for all requests together, in milliseconds
 * @returns the documents that are stored or refused. Documents that could not be written now (429, 5xx, a problem of
 *   their index) are missing and may be written again; `problem` gives the reason.
 */
export async function writeDocuments(
  results: Results,
  documents: readonly IndexedDocument[],
  timeoutMs?: number,
): Promise<{ written: WriteResult[]; problem?: Unavailable }> {
  const endsAt = Date.now() + (timeoutMs ?? REQUEST_TIMEOUT_MS);
  const lines = documents.map(toLine);
  const written = lines.flatMap(({ jobId, json }): WriteResult[] =>
    json === undefined ? [{ jobId, refused: 'its document cannot be written as JSON' }] : [],
  );
  let problem: Unavailable | undefined;
  for (const [index, sameIndex] of groupBy(lines, ({ index }) => index)) {
    for (const bulk of bulksOf(sameIndex.filter(({ json }) => json !== undefined))) {
      try {
        written.push(...(await writeBulk(results, index, bulk, endsAt - Date.now())));
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        // A problem of one index, e.g. a closed one, must not affect documents of another.
        problem ??= error;
      }
    }
  }
  if (written.length < documents.length)
    problem ??= new Unavailable('results', new Error('not all documents were accepted'));
  return { written, ...(problem && { problem }) };
}

/** The write of a document. `json` is undefined if the document cannot be written as JSON. */
interface Line extends BulkOperation {
  index: string;
}

function toLine({ index, document }: IndexedDocument): Line {
  const line = { index, action: 'create', jobId: document.jobId } as const;
  try {
    return { ...line, json: JSON.stringify(document) };
  } catch {
    return line;
  }
}

async function writeBulk(
  results: Results,
  index: string,
  lines: readonly Line[],
  timeoutMs: number,
): Promise<WriteResult[]> {
  const items = await sendBulk(results, index, lines, timeoutMs)
    // No job is to blame if the whole request fails, e.g. because of an expired key or a closed index.
    .catch((error) => Promise.reject(new Unavailable('results', error)));
  return lines.flatMap(({ jobId }, at): WriteResult[] => {
    const { status, error } = items[at] as BulkItem;
    if (status < 300 || status === 409) return [{ jobId }];
    if (!DOCUMENT_ERRORS.has(error?.type ?? '') || INDEX_PROBLEM.test(error?.reason ?? '')) return [];
    return [{ jobId, refused: refusal(error?.reason ?? String(status), error?.caused_by?.reason) }];
  });
}

/** Without the document's ID and the preview of the value, which would leave no room for the cause. */
function refusal(reason: string, cause: string | null | undefined): string {
  const field = reason.replace(/^\[[\d:]+\] /, '').replace(/ in document with id .*$/s, '');
  return reasonFrom(new Error(`Elasticsearch refused the document: ${field}${cause ? `: ${cause}` : ''}`));
}

/**
 * Reads a job's document, also if searches do not find it yet; undefined if there is none.
 * @throws Unavailable
 */
export async function findDocument(
  { client }: Results,
  index: string,
  jobId: JobId,
): Promise<ResultDocument | undefined> {
  const answer = await elasticsearchCall(() => client.mget<ResultDocument>({ index, ids: [String(jobId)] }));
  const [doc] = answer.docs;
  if (doc && 'error' in doc && doc.error.type !== 'index_not_found_exception')
    throw new Unavailable('results', new Error(doc.error.reason ?? doc.error.type));
  return doc && 'found' in doc && doc.found ? doc._source : undefined;
}

/** Which of these jobs have a document in an index, including those that searches do not find yet. @throws Unavailable */
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
      // An error does not mean that there is no document: the shard may be unavailable.
      if ('error' in doc && doc.error.type !== 'index_not_found_exception')
        throw new Unavailable('results', new Error(doc.error.reason ?? doc.error.type));
      return 'found' in doc && doc.found ? [Number(doc._id) as JobId] : [];
    }),
  );
}
