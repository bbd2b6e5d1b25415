import type { RunId } from '../model/ids.ts';
import { elasticsearchCall, type Results } from './client.ts';

/**
 * The highest jobId in the index, of all deployments and including the newest documents; 0 if the index is empty.
 * @throws Unavailable
 */
export async function highestJobId(results: Results): Promise<number> {
  const { client, index } = results;
  await refresh(results);
  const answer = await elasticsearchCall(() =>
    client.search<unknown, { highest: { value: number | null } }>({
      index,
      ignore_unavailable: true,
      size: 0,
      aggs: { highest: { max: { field: 'jobId' } } },
    }),
  );
  return answer.aggregations?.highest.value ?? 0;
}

/** Makes all written documents visible to searches. Does nothing if the index does not exist. @throws Unavailable */
export async function refresh({ client, index }: Results): Promise<void> {
  await elasticsearchCall(() => client.indices.refresh({ index, ignore_unavailable: true }));
}

/** A range of jobIds, inclusive. */
export interface JobIdRange {
  first: number;
  last: number;
}

/** The query for a run's documents, or for those in a range of jobIds. */
function documentsQuery(runId: RunId, range?: JobIdRange) {
  const inRange = range ? [{ range: { jobId: { gte: range.first, lte: range.last } } }] : [];
  return { bool: { filter: [{ term: { runId } }, ...inRange] } };
}

/** The number of a run's documents. @param range counts only these jobIds, inclusive @throws Unavailable */
export async function countDocuments(
  { client, index }: Results,
  runId: RunId,
  range?: JobIdRange,
): Promise<number> {
  const query = documentsQuery(runId, range);
  const answer = await elasticsearchCall(() => client.count({ index, ignore_unavailable: true, query }));
  return answer.count;
}

/** About how many jobIds one request checks for duplicates. Each is a bucket in Elasticsearch's memory. */
const IDS_PER_PARTITION = 50_000;

/**
 * The number of a run's jobIds that have more than one document, by a terms aggregation with min_doc_count 2.
 * @param documents the number of the run's documents
 * @throws Unavailable
 */
export async function countDuplicates(
  { client, index }: Results,
  runId: RunId,
  documents: number,
): Promise<number> {
  const partitions = Math.ceil(documents / IDS_PER_PARTITION);
  let duplicates = 0;
  for (let partition = 0; partition < partitions; partition++) {
    const answer = await elasticsearchCall(() =>
      client.search<unknown, { duplicates: { buckets: unknown[]; sum_other_doc_count: number } }>({
        index,
        ignore_unavailable: true,
        size: 0,
        query: documentsQuery(runId),
        aggs: {
          duplicates: {
            terms: {
              field: 'jobId',
              min_doc_count: 2,
              size: 10_000,
              // All jobIds of a shard: two documents of a job may be in different indices, so each shard finds one.
              shard_size: 2 * IDS_PER_PARTITION,
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

/** The jobIds of a run that have a document. @param range at most 10,000 jobIds, inclusive @throws Unavailable */
export async function findJobIds(
  { client, index }: Results,
  runId: RunId,
  range: JobIdRange,
): Promise<Set<number>> {
  const answer = await elasticsearchCall(() =>
    client.search({
      index,
      ignore_unavailable: true,
      size: range.last - range.first + 1,
      _source: false,
      query: documentsQuery(runId, range),
    }),
  );
  return new Set(answer.hits.hits.map((hit) => Number(hit._id)));
}
