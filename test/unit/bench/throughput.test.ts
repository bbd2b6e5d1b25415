import { expect, test } from 'vitest';
import {
  idealPace,
  measureThroughput,
  type Outcome,
  paceOf,
  type System,
  wholeBatches,
} from '../../../bench/harness/throughput.ts';

const PACKING = { batchSize: 10, jobsPerMessage: 10, jobConcurrency: 10 };

/** A system that does 1,000 jobs a second, and whose second worker is late by some runs. */
function systemWith(lateBy: number): { system: System; runs: number[]; stopped: () => boolean } {
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
  const system: System = { name: 'drumline', settings: {}, packing: PACKING, start };
  return { system, runs, stopped: () => stopped };
}

test('a warm-up goes on until every worker has taken part, and is not measured', async () => {
  const { system: late, runs, stopped } = systemWith(2);
  const outcome = await measureThroughput(late, { workers: 2, workMs: 100 }, { jobs: 777 });
  expect(runs).toHaveLength(4);
  expect(outcome.jobs).toBe(777);
  expect(stopped()).toBe(true);
});

test('a worker that never comes ends the warm-up all the same', async () => {
  const { system: alone, runs } = systemWith(Number.POSITIVE_INFINITY);
  await measureThroughput(alone, { workers: 2, workMs: 100 }, { jobs: 777 });
  expect(runs).toHaveLength(5);
});

test('as many jobs as take about so long: by the pace of no-ops, by the ideal of those that wait', async () => {
  const noOps = await measureThroughput(systemWith(0).system, { workers: 2, workMs: 0 }, { seconds: 10 });
  expect(noOps.jobs).toBe(10_000);
  const waits = await measureThroughput(systemWith(0).system, { workers: 2, workMs: 100 }, { seconds: 10 });
  expect(waits.jobs).toBe(2_000);
});

test('whole batches for each worker, not too few and not too many', () => {
  expect(wholeBatches(10_049, 200)).toBe(10_000);
  expect(wholeBatches(10, 200)).toBe(1_000);
  expect(wholeBatches(9_000_000, 200)).toBe(400_000);
});

test('paces', () => {
  expect(paceOf({ jobs: 500, ms: 30_000, shares: [] })).toBe(1_000);
  expect(idealPace(PACKING.jobConcurrency, { workers: 2, workMs: 100 })).toBe(12_000);
});
