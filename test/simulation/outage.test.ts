import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { simulate } from './simulate.ts';

const system = await buildSystem('outage', SMALL);

const HOUR = 3_600_000;

const WORKERS = 2;
const BATCH = 3;

test('after a weekend without Elasticsearch all jobs are processed, without receives, full quotas or an operator', async () => {
  const seen = await simulate(system, {
    x: 9,
    y: 3,
    runPace: 'burst',
    jobsPerMessage: 1,
    batchSize: BATCH,
    workers: WORKERS,
    jobConcurrency: 3,
    // So that one failed attempt or one redelivery would make a dead letter.
    maxAttempts: 1,
    maxReceives: 1,
    timeoutMs: 30_000,
    visibility: 6,
    kinds: ['good'],
    speeds: [1],
    timePasses: 1,
    failurePercent: 0,
    contentionPercent: 0,
    operations: [],
    choices: [],
    outageMs: 64 * HOUR,
  });
  expect(seen).toMatchObject({ failed: 0, redriven: 0, orphans: 0, leases: 0 });
  // Waiting messages are delayed and not in flight, where SQS allows 120,000 messages.
  expect(seen.inFlight).toBeLessThanOrEqual(WORKERS * BATCH);
  // The delays grow during the outage. Delays of eight seconds would have been 28,800 batches.
  expect(seen.outages).toBeGreaterThan(100);
  expect(seen.outages).toBeLessThan(2_000);
});
