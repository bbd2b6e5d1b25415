import { errors as clientErrors } from '@elastic/elasticsearch';
import { ApiError, reasonFrom } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import { elasticsearchCall, type Results, rejectionReason } from './client.ts';
import type { ResultDocument } from './documents.ts';

/** A search for documents. */
export interface ResultsQuery {
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
export interface ResultsPage {
  /** Number of documents that the query finds, on all pages. */
  total: number;
  documents: ResultDocument[];
  /** Where the next page starts; absent on the last page. */
  next?: JobId;
}

export const MAX_PAGE_DOCUMENTS = 1_000;

/**
 * Maximum bytes of a page. A function's response may have 6 MB ("Lambda quotas", invocation payload). One document has at
 * most two times 256,000 characters of three bytes.
 */
const MAX_PAGE_BYTES = 5_500_000;

/**
 * Searches the documents. A page has fewer documents than asked for if they are large.
 * @throws ApiError `invalid_query` with Elasticsearch's reason
 * @throws Unavailable
 */
export async function queryResults(results: Results, query: ResultsQuery): Promise<ResultsPage> {
  try {
    for (let { size } = query; ; size = Math.ceil(size / 4)) {
      const page = await search(results, { ...query, size });
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
async function search(
  { client, index }: Results,
  { query, runId, size, after }: ResultsQuery,
): Promise<ResultsPage | undefined> {
  const answer = await elasticsearchCall(() =>
    client
      .search<ResultDocument>(
        {
          index,
          ignore_unavailable: true,
          // An index in which the query fails must not look like one without matches.
          allow_partial_search_results: false,
          track_total_hits: true,
          size,
          query: {
            bool: {
              must: { query_string: { query } },
              ...(runId !== undefined && { filter: { term: { runId } } }),
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
