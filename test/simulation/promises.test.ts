import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { type Scenario, scenarios } from './scenario.ts';
import { type Statistics, simulate } from './simulate.ts';

const system = await buildSystem('system', SMALL);

/** Number of schedules. A failure prints its seed and path; DRUMLINE_SEED and DRUMLINE_PATH run that schedule again. */
const RUNS = Number(process.env.DRUMLINE_RUNS ?? 2_000);
const { DRUMLINE_SEED: seed, DRUMLINE_PATH: path } = process.env;
const REPEATED = { ...(seed !== undefined && { seed: Number(seed) }), ...(path !== undefined && { path }) };

test('the promises hold under every schedule', async () => {
  const seen = { schedules: 0 } as Statistics & { schedules: number };
  const begun = performance.now();
  await fc.assert(
    fc.asyncProperty(scenarios({ operations: 12, choices: 300 }), async (scenario: Scenario) => {
      const one = await simulate(system, scenario);
      seen.schedules++;
      for (const key of Object.keys(one) as (keyof typeof one)[]) seen[key] = (seen[key] ?? 0) + one[key];
    }),
    // The limit applies to shrinking as well; its result is small enough by then.
    { numRuns: RUNS, interruptAfterTimeLimit: Number(process.env.DRUMLINE_LIMIT ?? 240_000), ...REPEATED },
  );
  const seconds = (performance.now() - begun) / 1_000;
  process.stdout.write(`simulated in ${seconds.toFixed(1)} s: ${JSON.stringify(seen)}\n`);
  // The schedules did something: jobs were enqueued, jobs failed, and messages were redriven.
  if (path === undefined) expect(Math.min(seen.enqueued, seen.failed, seen.redriven)).toBeGreaterThan(0);
});
