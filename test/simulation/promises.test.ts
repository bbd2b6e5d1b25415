import type fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { listScenarios, type Scenario, scenarios } from './scenario.ts';
import { type Statistics, simulateAll } from './simulate.ts';

const system = await buildSystem('system', SMALL);

/** Number of schedules. A failure prints its seed and path; DRUMLINE_SEED and DRUMLINE_PATH run that schedule again. */
const RUNS = Number(process.env.DRUMLINE_RUNS ?? 2_000);
const { DRUMLINE_SEED: seed, DRUMLINE_PATH: path } = process.env;
const REPEATED = { ...(seed !== undefined && { seed: Number(seed) }), ...(path !== undefined && { path }) };

const BOUNDS = { operations: 12, choices: 300 };

async function simulateMany(schedules: fc.Arbitrary<Scenario>, numRuns: number): Promise<Statistics> {
  const begun = performance.now();
  const statistics = await simulateAll(system, schedules, {
    numRuns,
    // The limit applies to shrinking as well; its result is small enough by then.
    interruptAfterTimeLimit: Number(process.env.DRUMLINE_LIMIT ?? 240_000),
    ...REPEATED,
  });
  const seconds = (performance.now() - begun) / 1_000;
  process.stdout.write(`simulated in ${seconds.toFixed(1)} s: ${JSON.stringify(statistics)}\n`);
  return statistics;
}

test('the promises hold under every schedule', async () => {
  const { enqueued, failed, redriven, progress } = await simulateMany(scenarios(BOUNDS), RUNS);
  // The schedules did something: jobs were enqueued, jobs failed, messages were redriven, and messages were counted while
  // jobs of their batch ran.
  if (path === undefined) expect(Math.min(enqueued, failed, redriven, progress)).toBeGreaterThan(0);
});

test('the promises hold for lists under every schedule', async () => {
  // Fewer, because each of these takes several times as long.
  const seen = await simulateMany(listScenarios(BOUNDS), Math.ceil(RUNS / 4));
  const { enqueued, failed, passes, failedPasses, troubles } = seen;
  if (path === undefined)
    expect(Math.min(enqueued, failed, passes, failedPasses, troubles)).toBeGreaterThan(0);
});
