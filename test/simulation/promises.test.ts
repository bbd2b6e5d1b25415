import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { type Scenario, scenarios } from './scenario.ts';
import { simulate } from './simulate.ts';

const system = await buildSystem('system', SMALL);

/** `DRUMLINE_RUNS` schedules instead of a thousand; `DRUMLINE_SEED` repeats those of an earlier run. */
const RUNS = Number(process.env.DRUMLINE_RUNS ?? 1_000);
const SEED = process.env.DRUMLINE_SEED === undefined ? {} : { seed: Number(process.env.DRUMLINE_SEED) };

test('the promises hold under every schedule', async () => {
  const seen = { steps: 0, enqueued: 0, failed: 0, orphans: 0, redriven: 0 };
  const begun = performance.now();
  await fc.assert(
    fc.asyncProperty(scenarios({ operations: 12, choices: 300 }), async (scenario: Scenario) => {
      const one = await simulate(system, scenario);
      for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += one[key];
    }),
    { numRuns: RUNS, ...SEED },
  );
  const seconds = (performance.now() - begun) / 1_000;
  process.stdout.write(`${RUNS} schedules in ${seconds.toFixed(1)} s: ${JSON.stringify(seen)}\n`);
  expect(seen.enqueued).toBeGreaterThan(RUNS);
});
