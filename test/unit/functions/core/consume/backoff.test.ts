import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outageDelaySeconds, retryDelaySeconds } from '../../../../../functions/core/consume/backoff.ts';

const LEAST = 0;
const MOST = 0.999;

const failures = fc.integer({ min: 1, max: 1_000 });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('retryDelaySeconds', () => {
  const backoffs = fc.record({
    baseSeconds: fc.integer({ min: 1, max: 900 }),
    capSeconds: fc.integer({ min: 1, max: 43_200 }),
  });

  test('is whole seconds, from 1 to the cap, and never shrinks from one failure to the next', () => {
    fc.assert(
      fc.property(backoffs, failures, randoms, (backoff, failures, random) => {
        const delay = retryDelaySeconds(backoff, failures, random);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(1);
        expect(delay).toBeLessThanOrEqual(backoff.capSeconds);
        expect(retryDelaySeconds(backoff, failures + 1, random)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });

  test('doubles with each failure until it meets the cap', () => {
    const delays = (baseSeconds: number, capSeconds: number) =>
      [1, 2, 3, 4, 5, 6, 7].map((failures) => retryDelaySeconds({ baseSeconds, capSeconds }, failures, MOST));
    expect(delays(2, 60)).toEqual([2, 4, 8, 16, 32, 60, 60]);
    expect(delays(900, 10)).toEqual(Array(7).fill(10));
  });

  test('lies by chance between half and all of the full delay, so that what failed together comes apart', () => {
    const backoff = { baseSeconds: 40, capSeconds: 1_000 };
    expect([0, 0.5, MOST].map((random) => retryDelaySeconds(backoff, 1, random))).toEqual([20, 30, 40]);
    const delays = Array.from({ length: 100 }, (_, at) => retryDelaySeconds(backoff, 5, at / 100));
    expect(new Set(delays).size).toBeGreaterThan(90);
  });
});

describe('outageDelaySeconds', () => {
  /** The waits of a message until a service is back, and how long the outage had lasted before each; in seconds. */
  function waits(outageSeconds: number, random: number): { wait: number; lasted: number }[] {
    const waits = [];
    for (let lasted = 0; lasted < outageSeconds; lasted += waits.at(-1)?.wait as number)
      waits.push({ wait: outageDelaySeconds(waits.length + 1, random), lasted });
    return waits;
  }

  test('is 8 s at most for the first 49 returns, and twice as much with every 50th, up to 15 minutes', () => {
    expect([1, 2, 3, 4, 5, 49].map((returns) => outageDelaySeconds(returns, MOST))).toEqual([
      1, 2, 4, 8, 8, 8,
    ]);
    expect([50, 99, 100, 150, 200, 250, 300, 350, 400, 1e9].map((r) => outageDelaySeconds(r, MOST))).toEqual([
      16, 16, 32, 64, 128, 256, 512, 900, 900, 900,
    ]);
    expect([1, 4, 49, 50, 1e9].map((returns) => outageDelaySeconds(returns, LEAST))).toEqual([
      1, 4, 4, 8, 450,
    ]);
  });

  test.each([
    ['ten minutes', 10 * 60, LEAST, 100],
    ['ten minutes', 10 * 60, MOST, 64],
    ['a weekend', 60 * 3_600, LEAST, 773],
    ['a weekend', 60 * 3_600, MOST, 533],
  ])(
    'of %s (%d s), by random %d, waits %d times, each about a fiftieth of it',
    (_what, outage, random, times) => {
      const all = waits(outage, random);
      expect(all).toHaveLength(times);
      for (const { wait, lasted } of all) {
        // A fiftieth of how long it has lasted; at first 8 s, and for chance's sake one more.
        expect(wait).toBeLessThanOrEqual(lasted / 50 + 9);
        expect(wait).toBeLessThanOrEqual(900);
      }
      // Nor is it much shorter: whoever waits calls a service that is gone.
      for (const { wait, lasted } of all) expect(wait).toBeGreaterThan(Math.min(449, lasted / 110));
    },
  );
});
