import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_JOBS_PER_MESSAGE } from '../../../../../functions/core/model/message.ts';
import {
  type AutomaticPacking,
  type Capacity,
  jobsPerMessageOf,
} from '../../../../../functions/core/model/packing.ts';

const MILLION = 1_000_000;

test('a small tick has fewer jobs per message, so that 100 workers have work', () => {
  for (const [jobs, shared] of [
    [1, 1],
    [99, 1],
    [250, 2],
    [1_000, 10],
    [4_999, 49],
    [5_000, 50],
    [MILLION, 50],
  ] as const) {
    expect(jobsPerMessageOf(jobs, { jobsPerMessage: 50, minMessages: 100 })).toBe(shared);
    expect(Math.ceil(jobs / shared)).toBeGreaterThanOrEqual(Math.min(jobs, 100));
  }
});

describe('automatic packing', () => {
  const auto = (change: Partial<Capacity> = {}): AutomaticPacking => ({
    ...{ jobsPerMessage: 'auto', minMessages: 100, autoscale: '' },
    ...{ batchSize: 10, jobConcurrency: 10, timeoutMs: 30_000, workers: 2 },
    ...change,
  });
  const packed = (jobs: number, jobMs: number | undefined, change: Partial<Capacity> = {}) =>
    jobsPerMessageOf(jobs, auto(change), jobMs === undefined ? {} : { timing: { jobMs } });

  test.each<[string, number, number | undefined, Partial<Capacity>, number]>([
    ['no-op jobs share messages by the hundreds', MILLION, 0, {}, 500],
    ['as do jobs of a millisecond', MILLION, 1, {}, 500],
    ['jobs of 10 ms', MILLION, 10, {}, 286],
    ['jobs of 100 ms', MILLION, 100, {}, 30],
    ['jobs of a second', MILLION, 1_000, {}, 3],
    ['ten-second jobs travel alone', MILLION, 10_000, {}, 1],
    ['and slower ones', MILLION, 600_000, {}, 1],
    ['jobs that nobody has measured are packed cautiously', MILLION, undefined, {}, 10],
    ['a worker that runs more jobs at a time gets more', MILLION, 100, { jobConcurrency: 50 }, 146],
    ['and of slow jobs as many as it runs at a time', MILLION, 10_000, { jobConcurrency: 100 }, 10],
    ['also if a batch is one message', MILLION, 10_000, { batchSize: 1 }, 10],
    ['a short time limit makes shorter batches', MILLION, 100, { timeoutMs: 4_000 }, 10],
    ['a batch of more messages has as many jobs', MILLION, 100, { batchSize: 100 }, 3],
    ['a batch of a thousand messages has a bounded number of jobs', MILLION, 0, { batchSize: 1_000 }, 5],
    ['every worker gets several batches', 20_000, 10, { workers: 20 }, 25],
    ['also if nobody has measured', 20_000, undefined, { workers: 100 }, 5],
    ['but no worker gets batches that are mostly overhead', 20_000, 0, { workers: 1_000 }, 200],
    ['a small tick has 100 messages', 1_000, 0, {}, 10],
  ])('%s', (_what, jobs, jobMs, change, expected) => {
    expect(packed(jobs, jobMs, change)).toBe(expected);
  });

  test('knows a number of workers that was changed after the deployment', () => {
    const figures = { timing: { jobMs: 10 }, workers: 20 };
    expect(jobsPerMessageOf(20_000, auto(), figures)).toBe(packed(20_000, 10, { workers: 20 }));
  });

  test('packs any tick within bounds: batches end in time, and every worker gets some', () => {
    const int = (min: number, max: number) => fc.integer({ min, max });
    const capacity = fc.record({
      ...{ batchSize: int(1, 10_000), jobConcurrency: int(1, 10_000) },
      ...{ timeoutMs: int(4_000, 900_000), workers: int(1, 1_000) },
    });
    const property = fc.property(
      int(1, MILLION),
      fc.double({ min: 0, max: 900_000, noNaN: true }),
      capacity,
      (jobs, jobMs, some) => {
        const each = packed(jobs, jobMs, some);
        const { batchSize, jobConcurrency, timeoutMs, workers } = some;
        expect(each).toBeGreaterThanOrEqual(1);
        expect(each).toBeLessThanOrEqual(MAX_JOBS_PER_MESSAGE);
        expect(Number.isInteger(each)).toBe(true);
        if (each === 1) return;
        const batchMs = (each * batchSize * jobMs) / jobConcurrency;
        expect(batchMs).toBeLessThan(Math.max(timeoutMs / 2, jobMs * 1.001));
        expect(Math.ceil(jobs / each)).toBeGreaterThanOrEqual(100);
        // Half a second of work is for one worker, if it is the only one.
        const tickMs = (jobs * jobMs) / jobConcurrency;
        if (tickMs > workers * 1_000) expect(jobs / (each * batchSize)).toBeGreaterThanOrEqual(workers);
      },
    );
    fc.assert(property, { numRuns: 1_000 });
  });
});
