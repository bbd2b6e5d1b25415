import { describe, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { FORGERIES } from './forgeries.ts';
import { PLAIN_SCENARIO } from './scenario.ts';
import { simulate } from './simulate.ts';

/**
 * Schedules that once broke a promise, as fast-check shrank them. Their choices keep their meaning only while the
 * simulation offers the same options, but most of them need no choices.
 */

const system = await buildSystem('regressions', SMALL);

const RETRY = FORGERIES.findIndex(({ what }) => what === 'uncalled-for retry');
const LONGEST = FORGERIES.findIndex(({ what }) => what === 'as long as SQS takes');

describe('the promises hold when', () => {
  test('one message has more dead letters to retry than a transaction has writes', () =>
    simulate(system, { ...PLAIN_SCENARIO, x: 9, jobsPerMessage: 9, kinds: ['throwing'] }));

  test('a job kills its workers, and two messages ask for it at the same time', () =>
    simulate(system, {
      ...PLAIN_SCENARIO,
      kinds: ['crashing'],
      operations: [{ kind: 'forge', what: RETRY }],
      choices: [0, 0, 11117805, 0, 0, 5960530, 8168351, 9508580, 3974, 6900871, 11737347],
    }));

  test('an update overwrites another that it has not read', () =>
    simulate(system, {
      ...PLAIN_SCENARIO,
      operations: [{ kind: 'update', x: 2 }, { kind: 'update' }],
      choices: [5491348, 14228732],
    }));

  test('a malformed message of the maximum size leaves no room for the reason', () =>
    simulate(system, {
      ...PLAIN_SCENARIO,
      operations: [
        { kind: 'forge', what: LONGEST },
        { kind: 'forge', what: LONGEST },
      ],
    }));

  test('two retries of one dead letter reset the attempts of a failing job by turns', () =>
    simulate(system, {
      ...PLAIN_SCENARIO,
      maxAttempts: 2,
      kinds: ['throwing'],
      operations: [
        { kind: 'wait', ms: 3_000 },
        { kind: 'wait', ms: 3_000 },
        { kind: 'retry', every: 1, stays: true },
        { kind: 'retry', every: 1, stays: false },
      ],
    }));
});
