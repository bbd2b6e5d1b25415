import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeBudget } from '../../../../../functions/core/consume/time-budget.ts';

test('a quarter of a short invocation is kept for writing and 2.5 s of a long one, the rest is for work', () => {
  const momentsOf = (length: number) => {
    const { workMs, workUntil, storeUntil } = new TimeBudget(1_000, 1_000 + length);
    return [workMs, workUntil - 1_000, storeUntil - 1_000];
  };
  expect(momentsOf(4_000)).toEqual([3_000, 3_000, 3_500]);
  expect(momentsOf(60_000)).toEqual([57_500, 57_500, 59_000]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 900_000 }), (length) => {
      const { startedAt, workUntil, storeUntil, endsAt } = new TimeBudget(7, 7 + length);
      expect(startedAt < workUntil && workUntil < storeUntil && storeUntil < endsAt).toBe(true);
    }),
  );
});

test('there is room for a job that ends in time if it takes as long as the longest so far', () => {
  const budget = new TimeBudget(0, 4_000);
  expect([2_999, 3_000].map((now) => budget.hasTimeForJob(now))).toEqual([true, false]);
  for (const ms of [500, 2_000, 100]) budget.recordJobTime(ms);
  expect([999, 1_000].map((now) => budget.hasTimeForJob(now))).toEqual([true, false]);
});
