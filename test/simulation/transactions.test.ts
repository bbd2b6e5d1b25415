import type fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { type Scenario, scenarios, type ThemeName } from './scenario.ts';
import { simulateAll } from './simulate.ts';

/**
 * Contention in DynamoDB, and no other failures: readers see transactions item by item, transactions conflict and are
 * throttled. Redelivery would hide failed batches, so the tests count them.
 */

const system = await buildSystem('transactions', SMALL);

const contended = (theme: ThemeName): fc.Arbitrary<Scenario> =>
  scenarios({ operations: 12, choices: 300 }, theme).map((scenario) => ({
    ...scenario,
    failurePercent: 0,
    contentionPercent: 40,
  }));

const RUNS = { numRuns: 1_500, seed: 7, endOnFailure: true };

test('a status that is read during a transaction neither runs ahead nor goes back', async () => {
  const { enqueued } = await simulateAll(system, contended('turnover'), RUNS);
  expect(enqueued).toBeGreaterThan(1_000);
});

test('a transaction that conflicts with another one is tried again, and no batch, firing or start fails', async () => {
  const good = contended('commands').map((scenario) => ({ ...scenario, kinds: ['good' as const] }));
  const { cancelled, outages, unavailable } = await simulateAll(system, good, RUNS);
  expect(cancelled).toBeGreaterThan(100);
  expect({ outages, unavailable }).toEqual({ outages: 0, unavailable: 0 });
});
