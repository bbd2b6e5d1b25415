import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { PLAIN_SCENARIO, type Scenario } from './scenario.ts';
import { simulateAll } from './simulate.ts';

/**
 * The minimum of an event source mapping's maximum concurrency is 2. With one worker, the mapping therefore receives
 * messages for which no worker is free; with provisioned pollers this can happen with any number of workers. The receive
 * count of these messages grows although no work was done.
 */

const system = await buildSystem('throttling', SMALL);

const HOURS = 36_000_000;

const RUNS = { numRuns: 150, seed: 7 };

/** Good jobs that become dead letters after one failed attempt, and a mapping with more pollers than workers. */
const throttling = (maxReceives: number): fc.Arbitrary<Scenario> =>
  fc
    .record({
      x: fc.integer({ min: 3, max: 9 }),
      jobsPerMessage: fc.constantFrom(1, 3),
      batchSize: fc.constantFrom(1, 3),
      pollers: fc.integer({ min: 2, max: 5 }),
      visibility: fc.constantFrom(10_000 / HOURS, 60_000 / HOURS),
      speeds: fc.array(fc.constantFrom(1, 4), { minLength: 1, maxLength: 3 }),
      choices: fc.noBias(fc.array(fc.nat(0xff_ffff), { minLength: 200, maxLength: 200 })),
    })
    .map((scenario) => ({
      ...PLAIN_SCENARIO,
      maxReceives,
      // No worker reaches its time limit, because that may make dead letters. Messages become visible again long before,
      // whether they were throttled or are being processed.
      timeoutMs: HOURS,
      operations: [{ kind: 'fire', lateMs: 0, times: 1, sameName: false }],
      ...scenario,
    }));

test('throttled invocations make no good job a dead letter', async () => {
  // As deployed: the redrive policy is only a backstop.
  const { throttled, enqueued, ...statistics } = await simulateAll(system, throttling(1_000), RUNS);
  expect(throttled).toBeGreaterThan(300);
  expect(enqueued).toBeGreaterThan(1_000);
  expect(statistics).toMatchObject({ failed: 0, redriven: 0, orphans: 0 });
});

test('throttled invocations would make dead letters if messages were given up after a few receives', async () => {
  expect((await simulateAll(system, throttling(3), RUNS)).redriven).toBeGreaterThan(0);
});
