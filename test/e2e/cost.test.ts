import { describe, expect } from 'vitest';
import { countDrumline } from '../../bench/benchmarks/count-drumline.ts';
import { countPowertools } from '../../bench/benchmarks/count-powertools.ts';
import type { Counted } from '../../bench/benchmarks/request-meter.ts';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { sumUsage, type Usage } from '../../plan/prices.ts';
import { usageOfFiring, usageOfTick } from '../../plan/tick-usage.ts';
import type { AwsConnection } from '../fixtures/pipeline.ts';
import { aws, home, target } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name === 'local', 'it counts on the local cloud’s wire');

const where = {
  aws: aws as AwsConnection,
  elasticsearchUrl: home.elasticsearchUrl,
};

/** The figures that are counted from requests. The plan's other figures are times and bytes. */
const REQUESTS = [
  'sqsSends',
  'sqsReceives',
  'sqsDeletes',
  'sqsReturns',
  'sqsIdleReceives',
  'ledgerWriteUnits',
  'ledgerReadUnits',
  's3Puts',
  's3Gets',
] as const;

interface Run {
  jobs: number;
  jobsPerMessage: number;
  batchSize: number;
  workers: number;
}

const requestsOf = (usage: Usage) => Object.fromEntries(REQUESTS.map((meter) => [meter, usage[meter]]));

describe('a real run makes exactly the requests that the plan counts', () => {
  test.each<[Run]>([
    [{ jobs: 1_000, jobsPerMessage: 10, batchSize: 10, workers: 2 }],
    [{ jobs: 1_003, jobsPerMessage: 1, batchSize: 10, workers: 3 }],
    // Batches that take more than one transaction, and a tick of more than one slice.
    [{ jobs: 1_200, jobsPerMessage: 2, batchSize: 150, workers: 1 }],
    [{ jobs: 5_000, jobsPerMessage: 100, batchSize: 7, workers: 2 }],
  ])('of %o', async (run) => {
    const { counted, batches } = await countDrumline(where, run);
    const sizing = { ...effectiveSettings({}), ...run, concurrency: run.workers };
    const planned = sumUsage(usageOfFiring(), usageOfTick(run.jobs, sizing, 0));
    expect(requestsOf(counted.usage)).toEqual(requestsOf(planned));
    // Each batch is an invocation of the consumer, and the firing is an invocation of the scheduler.
    expect(batches.length + 1).toBe(planned.lambdaInvocations);
  });
});

describe('jobs that fail', () => {
  const run: Run = { jobs: 1_000, jobsPerMessage: 10, batchSize: 10, workers: 2 };
  /** Writes to partition keys that messages share. */
  const shared = ({ writesByKey }: Counted) =>
    [...writesByKey].reduce((sum, [key, writes]) => sum + (key.startsWith('MESSAGE#') ? 0 : writes), 0);

  test('permanently cost one dead letter each, and a batch writes one counter', async () => {
    const { counted, batches } = await countDrumline(where, { ...run, scenario: 'failed' });
    expect(batches).toHaveLength(10);
    expect(counted.usage).toMatchObject({
      sqsSends: 10 + 100,
      sqsReceives: 10,
      sqsDeletes: 10,
      sqsReturns: 0,
    });
    expect(shared(counted)).toBe(10);
  });

  test('once are sent back as new messages, and their attempts write no counter', async () => {
    const { counted, batches } = await countDrumline(where, { ...run, scenario: 'failed once' });
    expect(batches).toHaveLength(20);
    expect(counted.usage).toMatchObject({ sqsSends: 20, sqsReceives: 20, sqsDeletes: 20, sqsReturns: 0 });
    expect(shared(counted)).toBe(10);
  });
});

test('Powertools sends three DynamoDB requests and one queue request per job', async () => {
  const { counted, batches } = await countPowertools(where, 100);
  expect(batches).toHaveLength(10);
  expect(requestsOf(counted.usage)).toEqual({
    sqsSends: 10,
    sqsReceives: 10,
    sqsDeletes: 10,
    sqsReturns: 0,
    sqsIdleReceives: 0,
    ledgerWriteUnits: 300,
    ledgerReadUnits: 0,
    s3Puts: 0,
    s3Gets: 0,
  });
  expect(counted.resultsRequests).toBe(100);
});
