import { describe, expect, test } from 'vitest';
import { planText } from '../../../cli/runs/plan-report.ts';
import { warningsOf } from '../../../cli/runs/plan-warnings.ts';
import { UNCOLOURED } from '../../../cli/terminal/output.ts';
import {
  COUNTED_BATCHES_PER_SECOND,
  drainOf,
  rampOf,
  workerReadyMs,
  workersNeeded,
} from '../../../plan/drain.ts';
import { BATCH_MS, COLD_START_MS } from '../../../plan/overheads.ts';
import { planOf } from '../../../plan/plan.ts';
import { sizing } from './fixtures.ts';

describe('the duration of a tick', () => {
  test('for jobs that wait, the workers are the bottleneck, and twice as many are twice as fast', () => {
    const at = (concurrency: number) => drainOf(10_000, sizing({ concurrency }), 100);
    expect(at(2).bound).toBe('workers');
    // Two workers process 100 batches. Each batch takes a second and its overhead.
    const slot = 1_000 + BATCH_MS.fixed + 10 * BATCH_MS.message + 100 * BATCH_MS.job + BATCH_MS.between;
    expect(at(2).ms).toBeCloseTo(COLD_START_MS + 50 * slot - BATCH_MS.between, -1);
    expect(at(2).ms / at(4).ms).toBeCloseTo(2, 1);
  });

  test('a tick never takes longer with more workers', () => {
    let before = Number.POSITIVE_INFINITY;
    for (let concurrency = 1; concurrency <= 50; concurrency++) {
      const { ms } = drainOf(20_000, sizing({ concurrency }), 100);
      expect(ms).toBeLessThanOrEqual(before + 1);
      before = ms;
    }
  });

  test('for jobs without work, the scheduler or the ledger is the bottleneck', () => {
    const many = sizing({ concurrency: 1_000, minimumPollers: 100, batchSize: 100 });
    expect(drainOf(1_000_000, many, 0).bound).toBe('scheduler');
    expect(drainOf(1_000_000, { ...many, batchSize: 1 }, 0).bound).toBe('ledger');
  });

  test('sixteen partitions can count eight thousand batches per second', () => {
    expect(COUNTED_BATCHES_PER_SECOND).toBe(8_000);
    const { quotas } = planOf({ x: 1_000_000, y: 5, workMs: 0 }, sizing({ concurrency: 100 }));
    const counters = quotas.find(({ name }) => name.includes('counters'));
    expect(counters).toMatchObject({ limit: 16_000, ok: true });
  });

  test('a mapping starts with five workers, provisioned pollers with ten workers each', () => {
    const standard = rampOf(sizing({ concurrency: 100 }));
    expect(workerReadyMs(standard, 4)).toBe(COLD_START_MS);
    expect(workerReadyMs(standard, 34) - workerReadyMs(standard, 4)).toBe(6_000);
    const polled = rampOf(sizing({ concurrency: 100, minimumPollers: 5 }));
    expect(workerReadyMs(polled, 49)).toBe(COLD_START_MS);
    expect(rampOf(sizing({ concurrency: 100, maximumPollers: 3 })).max).toBe(30);
  });
});

describe('workers needed', () => {
  test('are the smallest number that finishes in time', () => {
    const within = 5 * 60_000;
    const needed = workersNeeded(100_000, sizing(), 100, within, 1_000) as number;
    const ms = (concurrency: number) => drainOf(100_000, sizing({ concurrency }), 100).ms;
    expect(ms(needed)).toBeLessThanOrEqual(within);
    expect(ms(needed - 1)).toBeGreaterThan(within);
  });

  test('are undefined if no number is enough', () => {
    expect(workersNeeded(1_000_000, sizing(), 60_000, 60_000, 1_000)).toBeUndefined();
  });
});

describe('a plan', () => {
  test('has no warnings if there are no problems', () => {
    const plan = planOf({ x: 1_000, y: 5, workMs: 100 }, sizing());
    expect(warningsOf(plan)).toEqual([]);
    expect(plan.workersNeeded).toBe(1);
    expect(plan.quotas.every(({ ok }) => ok)).toBe(true);
    expect(planText(plan, [], UNCOLOURED)).toContain('✔ No problems found.');
  });

  test('warns of each problem, and names the setting to change', () => {
    const tooFewPackedJobs = { concurrency: 900, jobsPerMessage: 1, batchSize: 100 };
    for (const [x, y, workMs, settings, setting, message] of [
      [100_000, 5, 100, {}, 'concurrency', /pile up.*4 workers/],
      [100_000, 1, 1_000, {}, 'minimumPollers', /With \d+ provisioned pollers, \d+ workers are enough/],
      [1_000_000, 1, 5_000, {}, 'jobConcurrency', /pile up/],
      [1_000_000, 1, 0, tooFewPackedJobs, 'jobsPerMessage', /scheduler/],
      [1_000, 60, 1_000, {}, 'consumerTimeoutSeconds', /at least 13/],
      [10, 60, 20_000, {}, 'consumerTimeoutSeconds', /No job would finish.*at least 23/],
      [1_000, 60, 0, { concurrency: 950 }, 'concurrency', /950 of 900/],
      [10_000, 60, 0, { batchSize: 10_000, jobsPerMessage: 1 }, 'batchSize', /Lambda event/],
      [1_000_000, 60, 100, { concurrency: 800 }, 'minimumPollers', /300 per minute/],
    ] as const) {
      const warnings = warningsOf(planOf({ x, y, workMs }, sizing(settings)));
      expect(warnings.find((warning) => warning.setting === setting)?.message).toMatch(message);
    }
  });

  test('includes the ticks, firings and empty receives of a month', () => {
    const { month } = planOf({ x: 1_000, y: 60, workMs: 0 }, sizing());
    expect(month.jobs).toBe(730_000);
    // The rule invokes the scheduler and the autoscaler.
    expect(month.usage.ruleEvents).toBe(2 * 43_800);
    expect(month.usage.sqsSends).toBe(730 * 10);
    expect(month.usage.sqsIdleReceives).toBeGreaterThan(650_000);
    // Nine metrics, fourteen alarms and a dashboard.
    expect(month.dollars.CloudWatch).toBeCloseTo(9 * 0.3 + 14 * 0.1 + 3, 10);
    expect(month.total).toBeCloseTo(
      Object.values(month.dollars).reduce((sum, dollars) => sum + dollars, 0),
      10,
    );
  });
});
