import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { scenarios } from './scenario.ts';
import { simulateAll } from './simulate.ts';

const system = await buildSystem('system', SMALL);

/** Number of schedules. A failure prints its seed and path; DRUMLINE_SEED and DRUMLINE_PATH run that schedule again. */
const RUNS = Number(process.env.DRUMLINE_RUNS ?? 2_000);
const { DRUMLINE_SEED: seed, DRUMLINE_PATH: path } = process.env;
const REPEATED = { ...(seed !== undefined && { seed: Number(seed) }), ...(path !== undefined && { path }) };

test('the promises hold under every schedule', async () => {
  const begun = performance.now();
  const statistics = await simulateAll(system, scenarios({ operations: 12, choices: 300 }), {
    numRuns: RUNS,
    // The limit applies to shrinking as well; its result is small enough by then.
    interruptAfterTimeLimit: Number(process.env.DRUMLINE_LIMIT ?? 240_000),
    ...REPEATED,
  });
  const seconds = (performance.now() - begun) / 1_000;
  process.stdout.write(`simulated in ${seconds.toFixed(1)} s: ${JSON.stringify(statistics)}\n`);
  // The schedules did something: jobs were enqueued, jobs failed, and messages were redriven.
  const { enqueued, failed, redriven } = statistics;
  if (path === undefined) expect(Math.min(enqueued, failed, redriven)).toBeGreaterThan(0);
});
