import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outageDelaySeconds, retryDelaySeconds } from '../../../../../functions/core/consume/backoff.ts';

const [MIN_RANDOM, MAX_RANDOM] = [0, 0.999];

const failures = fc.integer({ min: 1, max: 1_000 });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const backoffs = fc.record({
  baseSeconds: fc.integer({ min: 1, max: 900 }),
  capSeconds: fc.integer({ min: 1, max: 43_200 }),
});

test('a retry delay is a all number of seconds from 1 to the cap, and never shrinks with another failure', () => {
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

test('a retry delay doubles with each failure up to the cap, and jitter takes away up to half of it', () => {
  const delays = (baseSeconds: number, capSeconds: number) =>
    [1, 2, 3, 4, 5, 6, 7].map((failures) =>
      retryDelaySeconds({ baseSeconds, capSeconds }, failures, MAX_RANDOM),
    );
  expect(delays(2, 60)).toEqual([2, 4, 8, 16, 32, 60, 60]);
  expect(delays(900, 10)).toEqual(Array(7).fill(10));
  const jittered = [0, 0.5, MAX_RANDOM].map((random) =>
    retryDelaySeconds({ baseSeconds: 40, capSeconds: 1_000 }, 1, random),
  );
  expect(jittered).toEqual([20, 30, 40]);
});

test('an outage delay is at most 8 s for the first 49 returns, and doubles with every 50th up to 15 minutes', () => {
  const delays = (random: number, ...returns: number[]) =>
    returns.map((at) => outageDelaySeconds(at, random));
  expect(delays(MAX_RANDOM, 1, 2, 3, 4, 5, 49, 50, 99)).toEqual([1, 2, 4, 8, 8, 8, 16, 16]);
  expect(delays(MAX_RANDOM, 100, 150, 200, 250, 300, 350, 1e9)).toEqual([32, 64, 128, 256, 512, 900, 900]);
  expect(delays(MIN_RANDOM, 1, 4, 49, 50, 1e9)).toEqual([1, 4, 4, 8, 450]);
});

test.each([
  { outageSeconds: 10 * 60, random: MIN_RANDOM, returns: 100 },
  { outageSeconds: 10 * 60, random: MAX_RANDOM, returns: 64 },
  { outageSeconds: 60 * 3_600, random: MIN_RANDOM, returns: 773 },
  { outageSeconds: 60 * 3_600, random: MAX_RANDOM, returns: 533 },
])('an outage of $outageSeconds s costs a message $returns returns, with random $random', (outage) => {
  let lasted = 0;
  for (let times = 1; times <= outage.returns; times++) {
    expect(lasted).toBeLessThan(outage.outageSeconds);
    const delay = outageDelaySeconds(times, outage.random);
    // About a fiftieth of the outage so far. Shorter delays would make useless calls; longer ones would waste time after the outage.
    expect(delay).toBeLessThanOrEqual(Math.min(900, lasted / 50 + 9));
    expect(delay).toBeGreaterThan(Math.min(449, lasted / 110));
    lasted += delay;
  }
  expect(lasted).toBeGreaterThanOrEqual(outage.outageSeconds);
});
