import { describe, expect, test } from 'vitest';
import {
  combineTimings,
  TIMING_HALF_LIFE_MS,
  type Timing,
  TimingMeter,
} from '../../../../../functions/core/model/timing.ts';
import { NOW } from '../../../../fixtures/ledger.ts';

/** Measures a batch of jobs that run one after the other. @returns when the batch ended */
function measureBatch(meter: TimingMeter, jobMs: number[], startedAt = NOW, overheadMs = 0): number {
  let now = startedAt;
  meter.beginBatch(now);
  for (const ms of jobMs) {
    now += ms;
    meter.recordJob(ms, now);
  }
  now += overheadMs;
  meter.endBatch(now);
  return now;
}

describe('a worker’s meter', () => {
  test('knows nothing before the first job', () => {
    const meter = new TimingMeter();
    expect(meter.timingAt(NOW)).toBeUndefined();
    expect(meter.timingAt(measureBatch(meter, [], NOW, 30_000))).toBeUndefined();
  });

  test('tells the mean of a job, and the worker’s time per job', () => {
    const meter = new TimingMeter();
    meter.beginBatch(NOW);
    // Two jobs at a time.
    for (const ms of [40, 60]) meter.recordJob(ms, NOW + 60);
    expect(meter.timingAt(NOW + 80)).toMatchObject({ jobMs: 50, workerMs: expect.closeTo(40, 1) });
    meter.endBatch(NOW + 100);
    // The time after the last write counts with the next one. The time between two batches does not count.
    meter.beginBatch(NOW + 500);
    expect(meter.timingAt(NOW + 500)?.workerMs).toBeCloseTo(50, 1);
  });

  test('tells the mean wait of first attempts, recently and in the batch', () => {
    const meter = new TimingMeter();
    expect(meter.ranJobs()).toBeUndefined();
    meter.beginBatch(NOW);
    meter.recordJob(10, NOW);
    expect(meter.timingAt(NOW)).not.toHaveProperty('waitMs');
    expect(meter.ranJobs()).toEqual({ jobs: 1, jobMs: 10 });
    // The scheduler's clock may be ahead.
    for (const wait of [100, 300, -50, undefined]) meter.recordJob(20, NOW, wait);
    expect(meter.timingAt(NOW)).toMatchObject({ jobMs: 18, waitMs: 133 });
    meter.endBatch(NOW);
    expect(meter.ranJobs()).toEqual({ jobs: 5, jobMs: 18, waitMs: 133 });
    const later = NOW + TIMING_HALF_LIFE_MS;
    meter.beginBatch(later);
    meter.recordJob(20, later, 1_000);
    // The three earlier waits count for half: 200 in 1.5 jobs.
    expect(meter.timingAt(later)?.waitMs).toBe(480);
    expect(meter.ranJobs()).toEqual({ jobs: 1, jobMs: 20, waitMs: 1_000 });
  });

  test('knows what a busy worker does from a batch that leaves it idle', () => {
    // Ten jobs can run at the same time.
    const measured = (jobs: number, jobMs: number, batchMs: number) => {
      const meter = new TimingMeter();
      meter.beginBatch(NOW, 10);
      for (let job = 0; job < jobs; job++) meter.recordJob(jobMs, NOW + batchMs);
      meter.endBatch(NOW + batchMs);
      return meter.timingAt(NOW + batchMs)?.workerMs;
    };
    // Jobs that wait, all at the same time.
    for (const jobs of [1, 2, 5, 10]) expect(measured(jobs, 1_000, 1_000)).toBeCloseTo(100, 0);
    // Jobs that need the CPU, one after the other.
    for (const jobs of [2, 5, 10]) expect(measured(jobs, 100, 100 * jobs)).toBeCloseTo(100, 0);
  });

  test('ignores batches that could run no job', () => {
    const meter = new TimingMeter();
    const end = measureBatch(meter, [100, 100], NOW, 20);
    measureBatch(meter, [], end, 25_000);
    expect(meter.timingAt(end + 25_000)).toMatchObject({ jobMs: 100, workerMs: expect.closeTo(110, 1) });
  });

  test('follows jobs that become slower within minutes, and weighs by jobs', () => {
    const meter = new TimingMeter();
    const fast = measureBatch(meter, Array(100).fill(10));
    const before = meter.timingAt(fast) as Timing;
    expect(before.jobMs).toBe(10);
    const later = fast + TIMING_HALF_LIFE_MS;
    const slow = measureBatch(meter, Array(50).fill(0), later);
    expect(meter.timingAt(slow)?.jobMs).toBeCloseTo(5, 1);
    expect(meter.timingAt(slow)?.jobs).toBeCloseTo(100, 0);
  });

  test('is not dominated for long by a million fast jobs', () => {
    const meter = new TimingMeter();
    const fast = measureBatch(meter, Array(1_000_000).fill(0));
    expect(meter.timingAt(fast)?.jobs).toBeCloseTo(5_000, 0);
    // Twenty jobs of a second at a time, for two minutes.
    let now = fast;
    for (let second = 0; second < 120; second++) {
      meter.beginBatch(now);
      now += 1_000;
      for (let job = 0; job < 20; job++) meter.recordJob(1_000, now);
      meter.endBatch(now);
    }
    expect(meter.timingAt(now)?.jobMs).toBeGreaterThan(500);
    expect(meter.timingAt(now)?.workerMs).toBeGreaterThan(25);
  });
});

describe('the combined timing', () => {
  const timing = (change: Partial<Timing>): Timing => ({
    ...{ jobMs: 10, workerMs: 2, jobs: 100, at: NOW },
    ...change,
  });

  test('of no worker is unknown', () => {
    expect(combineTimings([], NOW)).toBeUndefined();
    expect(combineTimings([timing({ jobs: 0 })], NOW)).toBeUndefined();
  });

  test('weighs each worker by its jobs and by its age', () => {
    const other = { jobMs: 40, workerMs: 8 };
    expect(combineTimings([timing({}), timing({ ...other, jobs: 50 })], NOW)).toEqual({
      ...{ jobMs: 20, workerMs: 4, jobs: 150, at: NOW },
    });
    const at = NOW - TIMING_HALF_LIFE_MS;
    expect(combineTimings([timing({}), timing({ ...other, at })], NOW)).toEqual({
      ...{ jobMs: 20, workerMs: 4, jobs: 150, at: NOW },
    });
  });

  test('has the mean wait of the workers that know theirs, as older versions did not measure it', () => {
    const waits = [timing({ waitMs: 100 }), timing({ waitMs: 400, jobs: 50 }), timing({ jobs: 1_000 })];
    expect(combineTimings(waits)?.waitMs).toBe(200);
    expect(combineTimings([timing({}), timing({})])).not.toHaveProperty('waitMs');
  });

  test('is known for a tick once a month', () => {
    const found = combineTimings([timing({}), timing({ jobMs: 20 })], NOW + 30 * 86_400_000);
    expect(found).toMatchObject({ jobMs: 15, at: NOW });
    expect(found?.jobs).toBeLessThan(1e-6);
  });
});
