import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeBudget } from '../../../../../functions/core/consume/time-budget.ts';

test.each([
  ['a quarter of a short invocation for writing, half of that for closing', 4_000, 3_000, 3_500],
  ['2.5 s of a long one, and 1 s', 60_000, 57_500, 59_000],
])('keeps %s', (_what, length, workMs, storeMs) => {
  const budget = new TimeBudget(1_000, 1_000 + length);
  expect(budget.workMs).toBe(workMs);
  expect(budget.workUntil).toBe(1_000 + workMs);
  expect(budget.storeUntil).toBe(1_000 + storeMs);
});

test('has its moments in their order, however long the invocation is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 900_000 }), (length) => {
      const { startedAt, workUntil, storeUntil, endsAt } = new TimeBudget(7, 7 + length);
      const moments = [startedAt, workUntil, storeUntil, endsAt];
      expect(moments).toEqual(moments.toSorted((a, b) => a - b));
      expect(new Set(moments).size).toBe(4);
    }),
  );
});

test('has room for a job that would end in time, going by the longest so far', () => {
  const budget = new TimeBudget(0, 4_000);
  expect([2_999, 3_000].map((now) => budget.hasTimeForJob(now))).toEqual([true, false]);
  for (const ms of [500, 2_000, 100]) budget.recordJobTime(ms);
  expect([999, 1_000].map((now) => budget.hasTimeForJob(now))).toEqual([true, false]);
});
