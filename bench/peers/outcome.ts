import type { RunId } from '../../functions/core/model/ids.ts';
import type { Results } from '../../functions/core/results/client.ts';
import { refresh } from '../../functions/core/results/search.ts';
import type { Outcome } from '../contender.ts';

/** What a peer was given, and has counted. */
export interface Counted {
  runId: RunId;
  jobs: number;
  counted: number;
  workMs: number;
}

/** Workers told apart, at most. */
const MOST_WORKERS = 100;

/**
 * What came of a peer's run, by its documents. Its time is from the first job's beginning to the last one's end: neither
 * sending the jobs nor starting to take them is held against it. (For ours both are.)
 * @throws Error when not every job has its document, or not every one is counted once
 */
export async function outcomeOf(
  results: Results,
  { runId, jobs, counted, workMs }: Counted,
): Promise<Outcome> {
  await refresh(results);
  const { hits, aggregations } = await results.client.search<
    unknown,
    {
      first: { value: number };
      last: { value: number };
      workers: { buckets: { doc_count: number }[] };
    }
  >({
    index: results.index,
    size: 0,
    track_total_hits: true,
    query: { term: { runId } },
    aggs: {
      first: { min: { field: 'processedAt' } },
      last: { max: { field: 'processedAt' } },
      workers: { terms: { field: 'workerId', size: MOST_WORKERS } },
    },
  });
  const documents = typeof hits.total === 'number' ? hits.total : hits.total?.value;
  if (!aggregations || documents !== jobs || counted !== jobs)
    throw new Error(`of ${jobs} jobs ${counted} are counted, and there are ${documents} documents`);
  const { first, last, workers } = aggregations;
  return {
    jobs,
    ms: last.value - (first.value - workMs),
    shares: workers.buckets.map(({ doc_count }) => doc_count),
  };
}
