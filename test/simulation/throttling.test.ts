import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import type { Scenario } from './scenario.ts';
import { type Statistics, simulate } from './simulate.ts';

/**
 * AWS takes no less than 2 as an event source mapping's maximum concurrency, so with one worker the mapping receives
 * messages that nobody is free for; with provisioned pollers it may do so with any number of workers. Each time their
 * receive count grows, and no work was done.
 */

const system = await buildSystem('throttling', SMALL);

const HOURS = 36_000_000;

/** Good jobs, each of which one failed attempt would make a dead letter of, and a mapping that asks for too much. */
const throttled = (maxReceives: number): fc.Arbitrary<Scenario> =>
  fc.record({
    x: fc.integer({ min: 3, max: 9 }),
    y: fc.constant(1),
    jobsPerMessage: fc.constantFrom(1, 3),
    batchSize: fc.constantFrom(1, 3),
    workers: fc.constant(1),
    pollers: fc.integer({ min: 2, max: 5 }),
    runPace: fc.constant('burst' as const),
    jobConcurrency: fc.constant(1),
    maxAttempts: fc.constant(1),
    maxReceives: fc.constant(maxReceives),
    // No worker's time runs out, which may well make a dead letter of the job that it dies with; what was throttled
    // comes back long before that, and so may what is worked on.
    timeoutMs: fc.constant(HOURS),
    visibility: fc.constantFrom(10_000 / HOURS, 60_000 / HOURS),
    kinds: fc.constant(['good' as const]),
    speeds: fc.array(fc.constantFrom(1, 4), { minLength: 1, maxLength: 3 }),
    timePasses: fc.constant(1),
    failurePercent: fc.constant(0),
    contentionPercent: fc.constant(0),
    operations: fc.constant([{ kind: 'fire' as const, lateMs: 0, times: 1, sameName: false }]),
    choices: fc.noBias(fc.array(fc.nat(0xff_ffff), { minLength: 200, maxLength: 200 })),
  });

async function simulateAll(scenarios: fc.Arbitrary<Scenario>): Promise<Statistics[]> {
  const seen: Statistics[] = [];
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    seen.push(await simulate(system, scenario));
  });
  await fc.assert(property, { numRuns: 150, seed: 7 });
  return seen;
}

const sum = (all: Statistics[], of: (seen: Statistics) => number) =>
  all.reduce((total, seen) => total + of(seen), 0);

test('throttled invocations make no good job a dead letter', async () => {
  // As deployed: the redrive policy is there for what nothing else catches.
  const seen = await simulateAll(throttled(1_000));
  expect(sum(seen, ({ throttled }) => throttled)).toBeGreaterThan(300);
  expect(sum(seen, ({ enqueued }) => enqueued)).toBeGreaterThan(1_000);
  const lost = seen.map(({ failed, redriven, orphans }) => failed + redriven + orphans);
  expect(lost).toEqual(seen.map(() => 0));
});

test('throttled invocations would make dead letters if messages were given up after a few receives', async () => {
  const seen = await simulateAll(throttled(3));
  expect(sum(seen, ({ redriven }) => redriven)).toBeGreaterThan(0);
});
