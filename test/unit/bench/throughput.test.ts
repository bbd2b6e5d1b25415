import { expect, test } from 'vitest';
import type { Contender, Outcome } from '../../../bench/contender.ts';
import { idealOf, jobsFor, measureThroughput, paceOf, unevennessOf } from '../../../bench/throughput.ts';

const PACKING = { batchSize: 10, jobsPerMessage: 10, jobConcurrency: 10 };

/** A system that does 1,000 jobs a second, and whose second worker is late by some runs. */
function contender(lateBy: number): { contender: Contender; runs: number[]; stopped: () => boolean } {
  const runs: number[] = [];
  let stopped = false;
  const run = async (jobs: number): Promise<Outcome> => {
    runs.push(jobs);
    return { jobs, ms: jobs, shares: runs.length > lateBy ? [jobs / 2, jobs / 2] : [jobs] };
  };
  const stop = async () => {
    stopped = true;
  };
  const start = async () => ({ run, stop });
  const made: Contender = { system: 'drumline', settings: {}, packing: PACKING, start };
  return { contender: made, runs, stopped: () => stopped };
}

test('a warm-up goes on until every worker has taken part, and is not measured', async () => {
  const { contender: late, runs, stopped } = contender(2);
  const outcome = await measureThroughput(late, { workers: 2, workMs: 100 }, { jobs: 777 });
  expect(runs).toHaveLength(4);
  expect(outcome.jobs).toBe(777);
  expect(stopped()).toBe(true);
});

test('a worker that never comes ends the warm-up all the same', async () => {
  const { contender: alone, runs } = contender(Number.POSITIVE_INFINITY);
  await measureThroughput(alone, { workers: 2, workMs: 100 }, { jobs: 777 });
  expect(runs).toHaveLength(5);
});

test('as many jobs as take about so long: by the pace of no-ops, by the ideal of those that wait', async () => {
  const noOps = await measureThroughput(contender(0).contender, { workers: 2, workMs: 0 }, { seconds: 10 });
  expect(noOps.jobs).toBe(10_000);
  const waits = await measureThroughput(contender(0).contender, { workers: 2, workMs: 100 }, { seconds: 10 });
  expect(waits.jobs).toBe(2_000);
});

test('whole batches for each worker, not too few and not too many', () => {
  expect(jobsFor(10_049, 200)).toBe(10_000);
  expect(jobsFor(10, 200)).toBe(1_000);
  expect(jobsFor(9_000_000, 200)).toBe(400_000);
});

test('paces and shares', () => {
  expect(paceOf({ jobs: 500, ms: 30_000, shares: [] })).toBe(1_000);
  expect(unevennessOf({ jobs: 11, ms: 1, shares: [5, 6] })).toBe(1.2);
  expect(idealOf(PACKING, { workers: 2, workMs: 100 })).toBe(12_000);
});
