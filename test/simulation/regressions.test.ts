import { describe, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { MANY_RECEIVES } from './consumers.ts';
import { FORGERIES } from './forgeries.ts';
import type { Scenario } from './scenario.ts';
import { simulate } from './simulate.ts';

/**
 * Schedules that broke a promise once, as fast-check shrank them. Their choices mean what they meant then only as long
 * as the simulation offers the same options; what they tell stays true, and most need no choices at all.
 */

const system = await buildSystem('regressions', SMALL);

const plain: Scenario = {
  x: 1,
  y: 1,
  runPace: 'burst',
  jobsPerMessage: 1,
  batchSize: 10,
  workers: 1,
  jobConcurrency: 1,
  maxAttempts: 1,
  maxReceives: MANY_RECEIVES,
  timeoutMs: 300_000,
  visibility: 6,
  kinds: ['good'],
  speeds: [4],
  timePasses: 1,
  failurePercent: 0,
  contentionPercent: 0,
  operations: [],
  choices: [],
};

const RETRY = FORGERIES.findIndex(({ what }) => what === 'uncalled-for retry');
const LONGEST = FORGERIES.findIndex(({ what }) => what === 'as long as SQS takes');

describe('holds again', () => {
  test('more dead letters of one message come back at once than a transaction takes', () =>
    simulate(system, { ...plain, x: 9, jobsPerMessage: 9, kinds: ['throwing'] }));

  test('a job takes its workers along, and is asked for twice at once', () =>
    simulate(system, {
      ...plain,
      kinds: ['crashing'],
      operations: [{ kind: 'forge', what: RETRY }],
      choices: [0, 0, 11117805, 0, 0, 5960530, 8168351, 9508580, 3974, 6900871, 11737347],
    }));

  test('one update undoes another that it has not seen', () =>
    simulate(system, {
      ...plain,
      operations: [{ kind: 'update', x: 2 }, { kind: 'update' }],
      choices: [5491348, 14228732],
    }));

  test('a malformed message as long as SQS takes, which leaves no room for the reason', () =>
    simulate(system, {
      ...plain,
      operations: [
        { kind: 'forge', what: LONGEST },
        { kind: 'forge', what: LONGEST },
      ],
    }));

  test('two sendings of one dead letter give a failing job its attempts anew by turns', () =>
    simulate(system, {
      ...plain,
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
