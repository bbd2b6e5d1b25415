import { describe, expect, test } from 'vitest';
import { COUNTER_SHARDS } from '../../../functions/core/ledger/counters.ts';
import { COUNTER_ITEM_BYTES, STATUS_BYTES } from '../../../plan/overheads.ts';
import { pollingPerDay, usageOfPoll } from '../../../plan/polling.ts';

describe('the usage of a poll', () => {
  test('is the same for every number of workers whose counters fit a read unit per partition', () => {
    const [few, many] = [1, 200].map((workers) => usageOfPoll({ workers }).ledgerReadUnits);
    expect(few).toBe(3 + COUNTER_SHARDS + 1);
    expect(many).toBe(few);
  });

  test('grows with the counters of a thousand workers', () => {
    const usage = usageOfPoll({ workers: 1_000 });
    const perShard = Math.ceil((1_000 / COUNTER_SHARDS) * COUNTER_ITEM_BYTES) / 4_096;
    expect(usage.ledgerReadUnits).toBe(3 + COUNTER_SHARDS * Math.ceil(perShard) + 1);
    expect(usage.transferGb).toBeCloseTo((STATUS_BYTES.fixed + 1_000 * STATUS_BYTES.worker) / 1e9, 12);
    expect(usage).toMatchObject({
      lambdaInvocations: 1,
      sqsStatusRequests: 2,
      ledgerWriteUnits: 0,
      logGb: 0,
    });
  });

  test('grows with the logarithm of the ticks', () => {
    const units = (ticks: number) => usageOfPoll({ workers: 1, ticks }).ledgerReadUnits - 3 - COUNTER_SHARDS;
    expect([0, 1, 2, 3, 4, 1_000, 100_000].map(units)).toEqual([0, 1, 2, 2, 3, 10, 17]);
  });
});

describe('the cost of polling all day', () => {
  test('is divided by the interval, except for the logs, which are read once', () => {
    const cost = (intervalSeconds: number) => pollingPerDay({ workers: 10, intervalSeconds });
    const logs = cost(86_400_000);
    expect((cost(1) - logs) / (cost(10) - logs)).toBeCloseTo(10, 3);
  });

  test('is cents for a few workers, and a few dollars for a thousand', () => {
    expect(pollingPerDay({ workers: 2, intervalSeconds: 5 })).toBeLessThan(0.2);
    const thousand = pollingPerDay({ workers: 1_000, intervalSeconds: 5 });
    expect(thousand).toBeGreaterThan(0.5);
    expect(thousand).toBeLessThan(10);
  });
});
