import type { RunId } from '../model/ids.ts';
import { elasticsearchCall, type Results } from './client.ts';

/**
 * The highest jobId in the index, whichever deployment wrote it and however shortly before; 0 when it is empty.
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

/** Makes everything that was written visible to searches; nothing was, where there is no index. @throws Unavailable */
export async function refresh({ client, index }: Results): Promise<void> {
  await elasticsearchCall(() => client.indices.refresh({ index, ignore_unavailable: true }));
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
  const answer = await elasticsearchCall(() =>
    client.count({ index, ignore_unavailable: true, query: { bool: { filter } } }),
  );
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
    const answer = await elasticsearchCall(() =>
      client.search<unknown, { duplicates: { buckets: unknown[]; sum_other_doc_count: number } }>({
        index,
        ignore_unavailable: true,
        size: 0,
        query: { bool: { filter: [{ term: { runId } }] } },
        aggs: {
          duplicates: {
            terms: {
              field: 'jobId',
              min_doc_count: 2,
              size: 10_000,
              // All that a shard has of these: two documents may lie in two indices, and be one of each there.
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

/** The jobIds of a run that have a document, within a range. @throws Unavailable */
export async function findJobIds(
  { client, index }: Results,
  runId: RunId,
  range: { first: number; last: number },
): Promise<Set<number>> {
  const answer = await elasticsearchCall(() =>
    client.search({
      index,
      ignore_unavailable: true,
      size: range.last - range.first + 1,
      _source: false,
      query: {
        bool: { filter: [{ term: { runId } }, { range: { jobId: { gte: range.first, lte: range.last } } }] },
      },
    }),
  );
  return new Set(answer.hits.hits.map((hit) => Number(hit._id)));
}
