import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delaySeconds } from '../../../functions/core/backoff.ts';

const backoffs = fc.record({
  baseSeconds: fc.integer({ min: 1, max: 900 }),
  capSeconds: fc.integer({ min: 1, max: 43_200 }),
});
const receives = fc.integer({ min: 1, max: 1_000 });
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('delaySeconds', () => {
  test('is always whole seconds, at least 1, at most the cap, and never above what SQS allows', () => {
    fc.assert(
      fc.property(backoffs, receives, chances, (backoff, received, chance) => {
        const delay = delaySeconds(backoff, received, chance);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(1);
        expect(delay).toBeLessThanOrEqual(backoff.capSeconds);
        expect(delay).toBeLessThanOrEqual(43_200);
      }),
    );
  });

  test('never shrinks from one delivery to the next, by the same chance', () => {
    fc.assert(
      fc.property(backoffs, receives, chances, (backoff, received, chance) => {
        expect(delaySeconds(backoff, received + 1, chance)).toBeGreaterThanOrEqual(
          delaySeconds(backoff, received, chance),
        );
      }),
    );
  });

  test('doubles with each delivery until it meets the cap', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((received) =>
      delaySeconds({ baseSeconds: 2, capSeconds: 60 }, received, 0.999_999),
    );
    expect(delays).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test('lies by chance between half and all of the full delay', () => {
    const backoff = { baseSeconds: 40, capSeconds: 1_000 };
    expect(delaySeconds(backoff, 1, 0)).toBe(20);
    expect(delaySeconds(backoff, 1, 0.5)).toBe(30);
    expect(delaySeconds(backoff, 1, 0.999_999)).toBe(40);
  });

  test('keeps messages that failed together from coming back together', () => {
    const backoff = { baseSeconds: 1, capSeconds: 60 };
    const delays = Array.from({ length: 100 }, (_, i) => delaySeconds(backoff, 10, i / 100));
    expect(new Set(delays).size).toBeGreaterThan(25);
  });

  test('holds a delay whose base is above its cap to the cap', () => {
    expect(delaySeconds({ baseSeconds: 900, capSeconds: 10 }, 1, 0.999_999)).toBe(10);
  });
});
