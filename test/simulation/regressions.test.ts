import { describe, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
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
  jobsPerMessage: 1,
  batchSize: 10,
  workers: 1,
  jobConcurrency: 1,
  maxAttempts: 1,
  maxReceives: 1_000,
  timeoutMs: 300_000,
  visibility: 6,
  kinds: ['good'],
  trouble: 0,
  operations: [],
  choices: [],
};

describe('holds again', () => {
  test('more dead letters of one message come back at once than a transaction takes', () =>
    simulate(system, { ...plain, x: 9, jobsPerMessage: 9, kinds: ['throwing'] }));
});
