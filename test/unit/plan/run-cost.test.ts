import { expect, test } from 'vitest';
import { planOf } from '../../../plan/plan.ts';
import { totalDollars } from '../../../plan/prices.ts';
import { costOfRun, type RunToPrice } from '../../../plan/run-cost.ts';
import { sizing } from './fixtures.ts';

const STARTED = Date.parse('2026-11-23T21:45:12Z');
const MINUTE = 60_000;

const cost = (run: Partial<RunToPrice['run']> = {}, minutes = 60) =>
  costOfRun({
    run: {
      ...{ startedAt: new Date(STARTED).toISOString(), stoppedAt: null, firedTicks: 12, enqueued: 120_000 },
      ...run,
    },
    sizing: sizing(),
    jobMs: 100,
    until: STARTED + minutes * MINUTE,
  });

test('a run costs as much as the plan says for its month, without the monitoring', () => {
  const { month } = planOf({ x: 10_000, y: 5, workMs: 100 }, sizing());
  const { CloudWatch: monitoring, ...planned } = month.dollars;
  const minutes = 730 * 60;
  const { CloudWatch, ...run } = cost({ firedTicks: minutes / 5, enqueued: (minutes / 5) * 10_000 }, minutes);
  expect([CloudWatch, monitoring > 0]).toEqual([0, true]);
  for (const [service, dollars] of Object.entries(planned))
    expect(run[service as keyof typeof run], service).toBeCloseTo(dollars, 6);
});

test('it costs nothing before its start, and per minute even without a tick', () => {
  expect(totalDollars(cost({ startedAt: null, firedTicks: 0, enqueued: 0 }))).toBe(0);
  const idle = cost({ firedTicks: 0, enqueued: 0 });
  expect(idle).toMatchObject({ 'Data transfer': 0, S3: 0 });
  expect(totalDollars(idle)).toBeGreaterThan(0);
  expect(totalDollars(idle)).toBeLessThan(totalDollars(cost()));
});

test('it costs nothing more after it was stopped', () => {
  const stoppedAt = new Date(STARTED + 60 * MINUTE).toISOString();
  expect(cost({ stoppedAt }, 10_000)).toEqual(cost());
});

test('a tick that is being enqueued counts with the jobs that it has', () => {
  const half = totalDollars(cost({ firedTicks: 13, enqueued: 125_000 }));
  expect(half).toBeGreaterThan(totalDollars(cost()));
  expect(half).toBeLessThan(totalDollars(cost({ firedTicks: 13, enqueued: 130_000 })));
});
