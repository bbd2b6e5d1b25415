import { expect, test } from 'vitest';
import { buildSystem, SMALL } from './build.ts';
import { PLAIN_SCENARIO } from './scenario.ts';
import { simulate } from './simulate.ts';

const system = await buildSystem('outage', SMALL);

const HOUR = 3_600_000;

const WORKERS = 2;
const BATCH = 3;

test('after a weekend without Elasticsearch all jobs are processed, without receives, full quotas or an operator', async () => {
  const statistics = await simulate(system, {
    ...PLAIN_SCENARIO,
    x: 9,
    y: 3,
    batchSize: BATCH,
    workers: WORKERS,
    jobConcurrency: 3,
    // So that one failed attempt or one redelivery would make a dead letter.
    maxAttempts: 1,
    maxReceives: 1,
    timeoutMs: 30_000,
    speeds: [1],
    outageMs: 64 * HOUR,
  });
  expect(statistics).toMatchObject({ failed: 0, redriven: 0, orphans: 0, leases: 0 });
  // Waiting messages are delayed and not in flight, where SQS allows 120,000 messages.
  expect(statistics.inFlight).toBeLessThanOrEqual(WORKERS * BATCH);
  // The delays grow during the outage. Delays of eight seconds would have been 28,800 batches.
  expect(statistics.outages).toBeGreaterThan(100);
  expect(statistics.outages).toBeLessThan(2_000);
});
