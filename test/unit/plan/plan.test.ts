import { describe, expect, test } from 'vitest';
import { planText } from '../../../cli/runs/plan-report.ts';
import { UNCOLOURED } from '../../../cli/terminal/output.ts';
import {
  COUNTED_BATCHES_A_SECOND,
  drainOf,
  rampOf,
  workerReadyMs,
  workersNeeded,
} from '../../../plan/drain.ts';
import { BATCH_MS, COLD_START_MS } from '../../../plan/overheads.ts';
import { planOf } from '../../../plan/plan.ts';
import { sizing } from './fixtures.ts';

describe('how long a tick takes', () => {
  test('jobs that wait go by the workers, and more workers are as much faster', () => {
    const at = (concurrency: number) => drainOf(10_000, sizing({ concurrency }), 100);
    expect(at(2).bound).toBe('workers');
    // 100 batches of a second and their overheads, by two workers.
    const slot = 1_000 + BATCH_MS.fixed + 10 * BATCH_MS.message + 100 * BATCH_MS.job + BATCH_MS.between;
    expect(at(2).ms).toBeCloseTo(COLD_START_MS + 50 * slot - BATCH_MS.between, -1);
    expect(at(2).ms / at(4).ms).toBeCloseTo(2, 1);
  });

  test('never gets longer with another worker', () => {
    let before = Number.POSITIVE_INFINITY;
    for (let concurrency = 1; concurrency <= 50; concurrency++) {
      const { ms } = drainOf(20_000, sizing({ concurrency }), 100);
      expect(ms).toBeLessThanOrEqual(before + 1);
      before = ms;
    }
  });

  test('with many workers for work of no time, it goes by what they share', () => {
    const many = sizing({ concurrency: 1_000, minimumPollers: 100, batchSize: 100 });
    expect(drainOf(1_000_000, many, 0).bound).toBe('scheduler');
    expect(drainOf(1_000_000, { ...many, batchSize: 1 }, 0).bound).toBe('ledger');
  });

  test('eight thousand batches a second can be counted, in sixteen partitions', () => {
    expect(COUNTED_BATCHES_A_SECOND).toBe(8_000);
    const { quotas } = planOf({ x: 1_000_000, y: 5, workMs: 0 }, sizing({ concurrency: 100 }));
    const counters = quotas.find(({ name }) => name.includes('counters'));
    expect(counters).toMatchObject({ limit: 16_000, ok: true });
  });

  test('a mapping starts with five workers and grows; pollers start with ten for each', () => {
    const standard = rampOf(sizing({ concurrency: 100 }));
    expect(workerReadyMs(standard, 4)).toBe(COLD_START_MS);
    expect(workerReadyMs(standard, 34) - workerReadyMs(standard, 4)).toBe(6_000);
    const polled = rampOf(sizing({ concurrency: 100, minimumPollers: 5 }));
    expect(workerReadyMs(polled, 49)).toBe(COLD_START_MS);
    expect(rampOf(sizing({ concurrency: 100, maximumPollers: 3 })).max).toBe(30);
  });
});

describe('workers needed', () => {
  test('are the fewest that are in time', () => {
    const within = 5 * 60_000;
    const needed = workersNeeded(100_000, sizing(), 100, within, 1_000) as number;
    const ms = (concurrency: number) => drainOf(100_000, sizing({ concurrency }), 100).ms;
    expect(ms(needed)).toBeLessThanOrEqual(within);
    expect(ms(needed - 1)).toBeGreaterThan(within);
  });

  test('are none where no number of them is in time', () => {
    expect(workersNeeded(1_000_000, sizing(), 60_000, 60_000, 1_000)).toBeUndefined();
  });
});

describe('a plan', () => {
  const settings = (warnings: { setting: string }[]) => warnings.map(({ setting }) => setting);

  test('has nothing to warn of where all is well', () => {
    const plan = planOf({ x: 1_000, y: 5, workMs: 100 }, sizing());
    expect(plan.warnings).toEqual([]);
    expect(plan.workersNeeded).toBe(1);
    expect(plan.quotas.every(({ ok }) => ok)).toBe(true);
    expect(planText(plan, UNCOLOURED)).toContain('✔ No problems found.');
  });

  test.each([
    ['too few workers', { x: 100_000, y: 5, workMs: 100 }, {}, 'concurrency', /pile up.*4 workers/],
    [
      'a mapping that grows too slowly',
      { x: 100_000, y: 1, workMs: 1_000 },
      {},
      'minimumPollers',
      /with \d+ pollers, \d+ workers are enough/,
    ],
    ['no number of workers', { x: 1_000_000, y: 1, workMs: 5_000 }, {}, 'jobConcurrency', /pile up/],
    [
      'a scheduler that is too slow',
      { x: 1_000_000, y: 1, workMs: 0 },
      { concurrency: 900, jobsPerMessage: 1, batchSize: 100 },
      'jobsPerMessage',
      /scheduler/,
    ],
    [
      'a batch longer than its limit',
      { x: 1_000, y: 60, workMs: 1_000 },
      {},
      'consumerTimeoutSeconds',
      /at least 13/,
    ],
    [
      'a job longer than its limit',
      { x: 10, y: 60, workMs: 20_000 },
      {},
      'consumerTimeoutSeconds',
      /none would be done.*at least 23/,
    ],
    [
      'an account too small',
      { x: 1_000, y: 60, workMs: 0 },
      { concurrency: 950 },
      'concurrency',
      /950 of 900/,
    ],
    [
      'an event too large',
      { x: 10_000, y: 60, workMs: 0 },
      { batchSize: 10_000, jobsPerMessage: 1 },
      'batchSize',
      /Lambda event/,
    ],
    [
      'a slow start',
      { x: 1_000_000, y: 60, workMs: 100 },
      { concurrency: 800 },
      'minimumPollers',
      /300 a minute/,
    ],
  ])('warns of %s', (_what, workload, some, setting, message) => {
    const { warnings } = planOf(workload, sizing(some));
    expect(settings(warnings)).toContain(setting);
    expect(warnings.find((warning) => warning.setting === setting)?.message).toMatch(message);
  });

  test('counts a month: its ticks, its minutes, and the polling of an empty queue', () => {
    const { month } = planOf({ x: 1_000, y: 60, workMs: 0 }, sizing());
    expect(month.jobs).toBe(730_000);
    expect(month.usage.ruleEvents).toBe(43_800);
    expect(month.usage.sqsSends).toBe(730 * 10);
    expect(month.usage.sqsIdleReceives).toBeGreaterThan(650_000);
    expect(month.total).toBeCloseTo(
      Object.values(month.dollars).reduce((sum, dollars) => sum + dollars, 0),
      10,
    );
  });
});
