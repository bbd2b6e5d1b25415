import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALWAYS, IN_GOOD_CONDITIONS } from './properties.ts';
import { drumline } from './scalers/drumline.ts';
import { BAD_SCENARIOS, GOOD_SCENARIOS } from './scenarios.ts';
import { simulate } from './simulate.ts';
import { WRONG_SCALING } from './wrong-scaling.ts';

/** Maximum scenarios within which a fault must be found. */
const BUDGET = 60;

test.each(WRONG_SCALING)('found: $name', async ({ name, conditions, rule, apply }) => {
  const scenarios = conditions === 'good' ? GOOD_SCENARIOS : BAD_SCENARIOS;
  const properties = Object.values(conditions === 'good' ? IN_GOOD_CONDITIONS : ALWAYS);
  const { failed, numRuns, errorInstance } = await fc.check(
    fc.asyncProperty(scenarios, async (scaled) => {
      const trace = await simulate(scaled.scenario, drumline(scaled.rule, rule), apply);
      for (const property of properties) property(trace, scaled);
    }),
    { numRuns: BUDGET, seed: 23, endOnFailure: true },
  );
  const why = (errorInstance as Error | undefined)?.message.split('\n')[0];
  process.stdout.write(`${name}: ${failed ? `found by scenario ${numRuns}: ${why}` : 'NOT found'}\n`);
  expect(failed).toBe(true);
});
