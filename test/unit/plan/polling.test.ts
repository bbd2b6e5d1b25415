import { describe, expect, test } from 'vitest';
import { COUNTER_SHARDS } from '../../../functions/core/ledger/counters.ts';
import { BATCH_MS } from '../../../functions/core/model/packing.ts';
import { COUNTER_ITEM_BYTES, LOG_BYTES, LOG_EVENT_BYTES, STATUS_BYTES } from '../../../plan/overheads.ts';
import { LOG_READING_SECONDS, logReadingPerDay, pollingPerDay, usageOfPoll } from '../../../plan/polling.ts';
import { PRICES } from '../../../plan/prices.ts';

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

  test('is cents for a few workers, and for a thousand mostly the transfer of logs', () => {
    expect(pollingPerDay({ workers: 2, intervalSeconds: 5 })).toBeLessThan(0.3);
    const thousand = pollingPerDay({ workers: 1_000, intervalSeconds: 5 });
    expect(thousand).toBeLessThan(50);
    expect(logReadingPerDay(1_000)).toBeGreaterThan(0.8 * thousand);
  });

  test('counts a line as often as overlapping readings send it', () => {
    const { interval, overlap } = LOG_READING_SECONDS;
    const linesPerDay = 86_400 / (BATCH_MS / 1_000);
    const gb = (linesPerDay * (LOG_BYTES.batch + LOG_EVENT_BYTES)) / 1e9;
    const worker = logReadingPerDay(2) - logReadingPerDay(1);
    expect(worker).toBeCloseTo(gb * PRICES.transferGb.dollars * (1 + overlap / interval), 9);
  });
});
