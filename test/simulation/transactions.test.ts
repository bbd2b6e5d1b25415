import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { type Scenario, scenarios, type ThemeName } from './scenario.ts';
import { type Statistics, simulate } from './simulate.ts';

/**
 * Contention in DynamoDB, and no other failures: readers see transactions item by item, transactions conflict and are
 * throttled. Redelivery would hide failed batches, so the tests count them.
 */

const system = await buildSystem('transactions', SMALL);

const stormy = (theme: ThemeName): fc.Arbitrary<Scenario> =>
  scenarios({ operations: 12, choices: 300 }, theme).map((scenario) => ({
    ...scenario,
    failurePercent: 0,
    contentionPercent: 40,
  }));

async function simulateAll(scenarios: fc.Arbitrary<Scenario>): Promise<Statistics[]> {
  const seen: Statistics[] = [];
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    seen.push(await simulate(system, scenario));
  });
  await fc.assert(property, { numRuns: 1_500, seed: 7, endOnFailure: true });
  return seen;
}

const sum = (all: Statistics[], of: (seen: Statistics) => number) =>
  all.reduce((total, seen) => total + of(seen), 0);

test('a status that is read during a transaction neither runs ahead nor goes back', async () => {
  const seen = await simulateAll(stormy('turnover'));
  expect(sum(seen, ({ enqueued }) => enqueued)).toBeGreaterThan(1_000);
});

test('a transaction that conflicts with another one is tried again, and no batch, firing or start fails', async () => {
  const good = stormy('commands').map((scenario) => ({ ...scenario, kinds: ['good' as const] }));
  const seen = await simulateAll(good);
  const [cancelled, outages, unavailable] = (['cancelled', 'outages', 'unavailable'] as const).map((what) =>
    sum(seen, (one) => one[what]),
  );
  expect(cancelled).toBeGreaterThan(100);
  expect({ outages, unavailable }).toEqual({ outages: 0, unavailable: 0 });
});
