import { describe, expect, test } from 'vitest';
import { allCounted, newJobs, outcomeOf } from '../../../bench/peers/peer-run.ts';
import type { RunId } from '../../../functions/core/model/ids.ts';
import type { Results } from '../../../functions/core/results/client.ts';

const going = new AbortController().signal;
const runId = '20261124-120000-abcd' as RunId;

/** An index that holds so many documents of the run, written from 10.1 s to 20 s by two workers. */
function indexWith(documents: number): Results {
  const search = async () => ({
    hits: { total: { value: documents } },
    aggregations: {
      first: { value: 10_100 },
      last: { value: 20_000 },
      workers: { buckets: [{ doc_count: 60 }, { doc_count: 40 }] },
    },
  });
  return { index: 'i', client: { search, indices: { refresh: async () => ({}) } } as never };
}

describe('a peer’s figure counts only when its jobs do', () => {
  const counted = { runId, jobs: 100, counted: 100, workMs: 100 };

  test('from the first job’s beginning to the last one’s end', async () => {
    const outcome = await outcomeOf(indexWith(100), counted);
    expect(outcome).toEqual({ jobs: 100, ms: 10_000, shares: [60, 40] });
  });

  test.each([
    ['a document is missing', 99, 100],
    ['there is one too many', 101, 100],
    ['a job is counted twice', 100, 101],
    ['a job is not counted', 100, 99],
  ])('not when %s', async (_what, documents, count) => {
    await expect(outcomeOf(indexWith(documents), { ...counted, counted: count })).rejects.toThrow(
      `of 100 jobs, ${count} are counted and ${documents} have a document`,
    );
  });
});

test('waits until all jobs are counted', async () => {
  const counts = [3, 7, 10];
  expect(await allCounted(10, async () => counts.shift() ?? 0, going)).toBe(10);
  expect(counts).toEqual([]);
});

test('no job is given out twice, whoever the peer is', () => {
  const [one, other] = [newJobs(3), newJobs(3)];
  expect(new Set([...one.jobs, ...other.jobs].map(({ jobId }) => jobId)).size).toBe(6);
  expect(one.jobs.every((job) => job.runId === one.runId)).toBe(true);
  expect(one.runId).not.toBe(other.runId);
});
