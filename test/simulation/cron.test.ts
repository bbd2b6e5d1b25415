import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cronLine } from '../../functions/core/model/cron.ts';
import { buildSystem, SMALL } from './build.ts';
import { type Operation, PLAIN_SCENARIO } from './scenario.ts';
import { simulateAll } from './simulate.ts';

const system = await buildSystem('cron', SMALL);

const MINUTE = 60_000;

const wait = (minutes: number): Operation => ({ kind: 'wait', ms: minutes * MINUTE });
const fire = (times: number): Operation => ({ kind: 'fire', lateMs: 0, times, sameName: false });

/** Runs that start up to 70 minutes before a change of clocks, and are fired regularly or after a pause. */
const scenarios = (change: number, line: string) =>
  fc
    .record({
      x: fc.integer({ min: 1, max: 4 }),
      runPace: fc.constantFrom('burst' as const, 'even' as const),
      startsAt: fc.integer({ min: -70 * MINUTE, max: 2 * MINUTE }).map((ms) => change + ms),
      operations: fc
        .array(fc.tuple(fc.constantFrom(1, 1, 15, 55), fc.constantFrom(1, 1, 2)), { maxLength: 9 })
        .map((steps) => steps.flatMap(([minutes, times]) => [wait(minutes), fire(times)])),
      failurePercent: fc.constantFrom(0, 10),
      choices: fc.noBias(fc.array(fc.nat(0xff_ffff), { maxLength: 150, size: 'max' })),
    })
    .map((scenario) => ({ ...PLAIN_SCENARIO, y: cronLine(line, 'Europe/Berlin'), ...scenario }));

const FORWARD = Date.UTC(2026, 2, 29, 1);
const BACK = Date.UTC(2026, 9, 25, 1);

const RUNS = { numRuns: 40, seed: 12 };

// The invariants compare the ticks with the local times, each of which comes once.
test.each([
  ['forward', FORWARD],
  ['back', BACK],
])('each local time fires one tick or is missed once while the clocks go %s', async (_direction, change) => {
  for (const line of ['* * * * *', '*/20 * * * *', '10,30 2 * * *', '0 3 * * SUN']) {
    const { enqueued } = await simulateAll(system, scenarios(change, line), RUNS);
    expect(enqueued, line).toBeGreaterThan(0);
  }
});

test.each([
  [
    'a repeated local time comes the second time',
    BACK,
    'model/time-zone.ts',
    '[before, after])',
    '[after, before])',
  ],
  [
    'a skipped local time comes a minute late',
    FORWARD,
    'model/time-zone.ts',
    'return high;',
    'return high + 60_000;',
  ],
  ['a skipped local time is lost', FORWARD, 'model/time-zone.ts', 'return high;', 'return 0;'],
  [
    'the first tick is skipped',
    BACK,
    'model/schedule.ts',
    'occurrenceAfter(y, startedAt - 1)',
    'occurrenceAfter(y, startedAt + 1_200_000)',
  ],
  [
    'missed ticks are counted twice',
    BACK,
    'model/schedule.ts',
    'return { count, nextTickAt: at };',
    'return { count: 2 * count, nextTickAt: at };',
  ],
])('it is noticed when %s', async (what, change, file, from, to) => {
  const mutant = await buildSystem(`cron-${what}`, [...SMALL, { file, from, to }]);
  const simulated = simulateAll(mutant, scenarios(change, '10,30 1-3 * * *'), RUNS);
  await expect(simulated).rejects.toThrow('Property failed');
});
