import { describe, expect, test } from 'vitest';
import { packingOf } from '../../../plan/packing.ts';
import {
  dollarsOf,
  queueAndLedger,
  scaleUsage,
  sumUsage,
  totalDollars,
  usageOf,
} from '../../../plan/prices.ts';
import { usageOfFiring, usageOfTick } from '../../../plan/tick-usage.ts';
import { sizing } from './fixtures.ts';

describe('prices', () => {
  test('convert usage to dollars per service', () => {
    const dollars = dollarsOf(
      usageOf({
        sqsSends: 1_000_000,
        sqsReceives: 500_000,
        ledgerWriteUnits: 2_000_000,
        lambdaInvocations: 5_000_000,
      }),
    );
    expect(dollars).toEqual({
      SQS: 0.6000000000000001,
      DynamoDB: 1.25,
      S3: 0,
      Lambda: 1,
      CloudWatch: 0,
      'CloudWatch Logs': 0,
      EventBridge: 0,
      'Data transfer': 0,
    });
    expect(queueAndLedger(dollars)).toBeCloseTo(1.85, 10);
    expect(totalDollars(dollars)).toBeCloseTo(2.85, 10);
  });

  test('usages can be added and multiplied', () => {
    const twice = sumUsage({ sqsSends: 1 }, scaleUsage(usageOf({ sqsSends: 2, logGb: 1 }), 3));
    expect(twice).toEqual(usageOf({ sqsSends: 7, logGb: 3 }));
  });
});

describe('the usage of a tick', () => {
  test('packs jobs into messages, batches and slices', () => {
    expect(packingOf(10_000, sizing(), 0)).toEqual({
      messages: 1_000,
      batches: 100,
      slices: 2,
      batchMessages: 10,
      batchJobs: 100,
    });
    expect(packingOf(7, sizing(), 0)).toMatchObject({
      messages: 7,
      batches: 1,
      batchMessages: 7,
      batchJobs: 7,
    });
  });

  test('counts each call', () => {
    const usage = usageOfTick(10_000, sizing(), 0);
    expect(usage).toMatchObject({
      sqsSends: 100,
      sqsReceives: 100,
      sqsDeletes: 100,
      // 1,000 message items, 100 counter updates, 3 writes to claim, 2 per slice, 2 to close; each billed twice.
      ledgerWriteUnits: 2 * (1_000 + 100 + 3 + 4 + 2),
      // Two workers read the tick and their counters.
      ledgerReadUnits: 2 + 2 * 2,
      lambdaInvocations: 100,
    });
  });

  test('includes a smaller last slice and batch, and transactions of at most 100 writes', () => {
    // 501 messages of one job each, 250 to a batch: batches of 250, 250 and 1.
    // A batch of 100 jobs of 250 ms takes 2.5 seconds, and so three transactions.
    const long = usageOfTick(10_000, sizing(), 250).ledgerWriteUnits;
    expect(long - usageOfTick(10_000, sizing(), 0).ledgerWriteUnits).toBe(2 * 2 * 100);
    const usage = usageOfTick(501, sizing({ jobsPerMessage: 1, batchSize: 250 }), 0);
    expect(usage).toMatchObject({
      sqsSends: 51,
      sqsReceives: 25 + 25 + 1,
      lambdaInvocations: 3,
      ledgerWriteUnits: 2 * (501 + 3 + 3 + 1 + (3 + 2 * 2 + 2)),
    });
  });

  test('queue and ledger cost a tenth with ten times the jobs per message', () => {
    const cost = (jobsPerMessage: number) =>
      queueAndLedger(dollarsOf(usageOfTick(1_000_000, sizing({ jobsPerMessage }), 0)));
    expect(cost(1) / cost(10)).toBeCloseTo(10, 0);
    expect(cost(10) / cost(100)).toBeCloseTo(10, 0);
  });

  test('longer work adds only Lambda time', () => {
    const [none, long] = [usageOfTick(1_000, sizing(), 0), usageOfTick(1_000, sizing(), 100)];
    // 10 batches, each 10 × 100 ms longer, at 0.5 GB.
    expect(long.lambdaGbSeconds - none.lambdaGbSeconds).toBeCloseTo(5, 6);
    expect({ ...long, lambdaGbSeconds: 0 }).toEqual({ ...none, lambdaGbSeconds: 0 });
  });

  test('a firing with no tick due costs something, too', () => {
    expect(usageOfFiring()).toMatchObject({ ruleEvents: 1, lambdaInvocations: 1, ledgerReadUnits: 3 });
  });
});
