import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { MUTATIONS } from './mutations.ts';
import { scenarios } from './scenario.ts';
import { simulate } from './simulate.ts';

/** Maximum schedules within which each mutation must be caught. */
const BUDGET = 10_000;

/** Fixed, so that the result is always the same. */
const SEED = Number(process.env.DRUMLINE_SEED ?? 23);

const file = (name: string) => name.replaceAll(/\W+/g, '-');

test.each(MUTATIONS)('caught: $name', async ({ name, replacements, theme }) => {
  const mutant = await buildSystem(file(name), [...SMALL, ...replacements]);
  const outcome = await fc.check(
    fc.asyncProperty(scenarios({ operations: 12, choices: 300 }, theme), async (scenario) => {
      await simulate(mutant, scenario);
    }),
    { numRuns: BUDGET, seed: SEED, endOnFailure: true },
  );
  const why = (outcome.errorInstance as Error | undefined)?.message.split('\n')[0];
  process.stdout.write(
    `${name}: ${outcome.failed ? `caught by schedule ${outcome.numRuns}: ${why}` : 'NOT caught'}\n`,
  );
  expect(outcome.failed).toBe(true);
});
