import fc from 'fast-check';
import { test } from 'vitest';
import { ALWAYS, IN_GOOD_CONDITIONS } from './properties.ts';
import { drumline } from './scalers/drumline.ts';
import { BAD_SCENARIOS, GOOD_SCENARIOS } from './scenarios.ts';
import { simulate } from './simulate.ts';

/** Fixed, so that the result is always the same. */
const seed = Number(process.env.DRUMLINE_SEED ?? 23);
const numRuns = Number(process.env.DRUMLINE_RUNS ?? 20);

test.each([
  ['good', GOOD_SCENARIOS, IN_GOOD_CONDITIONS],
  ['bad', BAD_SCENARIOS, ALWAYS],
])('scaling keeps its promises in %s conditions', async (_, scenarios, properties) => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scaled) => {
      const trace = await simulate(scaled.scenario, drumline(scaled.rule));
      for (const property of Object.values(properties)) property(trace, scaled);
    }),
    { numRuns, seed, endOnFailure: true },
  );
});
