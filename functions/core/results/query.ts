import { errors as clientErrors, type estypes } from '@elastic/elasticsearch';
import { ApiError, reasonFrom } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import { deadLetterIndexOf } from '../model/index-name.ts';
import { elasticsearchCall, type Results, rejectionReason } from './client.ts';
import type { DeadLetterDocument } from './dead-letters.ts';
import type { ResultDocument } from './documents.ts';

/** A search for documents of jobs. */
export interface DocumentsQuery {
  /** In Elasticsearch's query string syntax, e.g. `output.label:churn AND tick:3`. */
  query: string;
  /** Only documents of this run. */
  runId?: RunId | undefined;
  /** Maximum number of documents in the page, 1 to `MAX_PAGE_DOCUMENTS`. */
  size: number;
  /** The `next` of the page before; undefined for the first page. */
  after?: JobId | undefined;
}

/** A page of the documents that were found, in ascending order of their jobIds. */
export interface DocumentsPage<Document> {
  /** Number of documents that the query finds, on all pages. */
  total: number;
  documents: Document[];
  /** Where the next page starts; absent on the last page. */
  next?: JobId;
}

export type ResultsPage = DocumentsPage<ResultDocument>;

export const MAX_PAGE_DOCUMENTS = 1_000;

/** Maximum jobIds of a page without documents, and of a search in Elasticsearch (`index.max_result_window`). */
export const MAX_PAGE_IDS = 10_000;

/**
 * Maximum bytes of a page. A function's response may have 6 MB ("Lambda quotas", invocation payload). One document has at
 * most two times 256,000 characters of three bytes.
 */
const MAX_PAGE_BYTES = 5_500_000;

/**
 * Searches the results. A page has fewer documents than asked for if they are large.
 * @throws ApiError `invalid_query` with Elasticsearch's reason
 * @throws Unavailable
 */
export function queryResults(results: Results, query: DocumentsQuery): Promise<ResultsPage> {
  return queryDocuments(results, query);
}

/**
 * Searches the dead letters, like the results.
 * @param since only dead letters of this time or later, in milliseconds since 1970
 */
export function queryDeadLetters(
  { client, index }: Results,
  query: DocumentsQuery,
  since: number,
): Promise<DocumentsPage<DeadLetterDocument>> {
  return queryDocuments({ client, index: deadLetterIndexOf(index) }, query, {
    filter: [givenUpSince(since)],
  });
}

/** The jobIds of the dead letters that a query finds, up to `MAX_PAGE_IDS` on a page. Parameters and errors as above. */
export async function queryDeadLetterIds(
  { client, index }: Results,
  query: Omit<DocumentsQuery, 'size'>,
  since: number,
): Promise<{ total: number; jobIds: JobId[]; next?: JobId }> {
  const { documents, ...page } = await queryDocuments<{ jobId: JobId }>(
    { client, index: deadLetterIndexOf(index) },
    { ...query, size: MAX_PAGE_IDS },
    { filter: [givenUpSince(since)], fields: ['jobId'] },
  );
  return { ...page, jobIds: documents.map(({ jobId }) => jobId) };
}

/** A dead letter that the queue has dropped must not be found. */
function givenUpSince(since: number): estypes.QueryDslQueryContainer {
  return { range: { givenUpAt: { gte: new Date(since).toISOString() } } };
}

/** What else a search needs. */
interface SearchOptions {
  filter?: estypes.QueryDslQueryContainer[];
  /** The fields of the documents; all unless given. */
  fields?: string[];
}

async function queryDocuments<Document extends { jobId: JobId }>(
  results: Results,
  query: DocumentsQuery,
  options: SearchOptions = {},
): Promise<DocumentsPage<Document>> {
  try {
    for (let { size } = query; ; size = Math.ceil(size / 4)) {
      const page = await search<Document>(results, { ...query, size }, options);
      if (page) return page;
      if (size === 1) break;
    }
  } catch (error) {
    const reason = rejectionReason(error);
    if (reason === undefined) throw error;
    throw new ApiError('invalid_query', `Elasticsearch rejects the query: ${reasonFrom(new Error(reason))}`);
  }
  throw new ApiError('page_too_large', `the next document has more than ${MAX_PAGE_BYTES} bytes`);
}

/** Reads one page; undefined if it would be too large. */
async function search<Document extends { jobId: JobId }>(
  { client, index }: Results,
  { query, runId, size, after }: DocumentsQuery,
  { filter = [], fields }: SearchOptions,
): Promise<DocumentsPage<Document> | undefined> {
  const answer = await elasticsearchCall(() =>
    client
      .search<Document>(
        {
          index,
          ignore_unavailable: true,
          // An index in which the query fails must not look like one without matches.
          allow_partial_search_results: false,
          track_total_hits: true,
          size,
          ...(fields && { _source: fields }),
          query: {
            bool: {
              must: { query_string: { query } },
              filter: [...(runId === undefined ? [] : [{ term: { runId } }]), ...filter],
            },
          },
          sort: [{ jobId: { order: 'asc', unmapped_type: 'long' } }],
          ...(after !== undefined && { search_after: [after] }),
          filter_path: ['hits.total.value', 'hits.hits._source'],
        },
        { maxResponseSize: MAX_PAGE_BYTES },
      )
      // Otherwise this would look like an outage.
      .catch((error) => {
        if (error instanceof clientErrors.RequestAbortedError) return undefined;
        throw error;
      }),
  );
  if (!answer) return undefined;
  const documents = (answer.hits?.hits ?? []).flatMap(({ _source }) => _source ?? []);
  const total = answer.hits?.total;
  const last = documents.at(-1);
  return {
    total: (typeof total === 'object' ? total?.value : total) ?? 0,
    documents,
    ...(documents.length === size && last && { next: last.jobId }),
  };
}
