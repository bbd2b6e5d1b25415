import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  COUNTER_SHARDS,
  type CounterDelta,
  listCounters,
  RETIRED_AFTER_MS,
  WORKERS_PER_SHARD,
  WorkerCounters,
} from '../../../../../functions/core/ledger/counters.ts';
import type { LedgerWriter } from '../../../../../functions/core/ledger/message-records.ts';
import { transact } from '../../../../../functions/core/ledger/table.ts';
import { readTotals } from '../../../../../functions/core/ledger/totals.ts';
import { ConditionFailed } from '../../../../../functions/core/model/errors.ts';
import type { WorkerId } from '../../../../../functions/core/model/ids.ts';
import { newRecord } from '../../../../../functions/core/model/message-record.ts';
import { type Memory, memoryWithTick } from '../../memory.ts';
import { job, message, NOW, RUN, workersOfOneShard } from '../../samples.ts';

const none = { processed: 0, failed: 0, workers: 0 };
const LATER = NOW + RETIRED_AFTER_MS + 1;

const gain = (processed: number, failed = 0): CounterDelta => ({ processed, failed });

/** As many as a shard keeps counters of, and three more. */
const names = await workersOfOneShard(RUN, WORKERS_PER_SHARD + 3);

let memory: Memory;

beforeEach(async () => {
  memory = await memoryWithTick();
});

const counters = (at: number) => new WorkerCounters(memory.table, names[at] as WorkerId);
const add = async (counters: WorkerCounters, gain: CounterDelta, now: number) =>
  transact(memory.table, [await counters.incrementWrite(RUN, gain, now)]);

/** The worker that has been idle longest in a shard that is full. */
const LONGEST = 2;

/** Has a shard full of counters, of which the last was idle from NOW on; each has counted 10 and failed 1. */
async function fillShard(): Promise<WorkerCounters[]> {
  const all = Array.from({ length: WORKERS_PER_SHARD }, (_, at) => counters(at));
  for (const [at, each] of all.entries())
    await add(each, gain(10, 1), NOW - ((LONGEST - at - 1 + all.length) % all.length));
  return all;
}

const holders = async () => (await listCounters(memory.table, RUN)).map(({ holder }) => holder);
const totals = async () => {
  const found = await readTotals(memory.table, RUN);
  return found && { processed: found.processed, failed: found.failed };
};

test('a worker adds to a counter of its own, which it looks for once', async () => {
  const own = counters(0);
  await add(own, gain(10), NOW);
  await add(own, gain(5, 2), NOW + 1);
  await add(counters(1), gain(3, -1), NOW);
  expect(memory.calls.filter((call) => call instanceof QueryCommand)).toHaveLength(2);
  expect(await listCounters(memory.table, RUN)).toEqual(
    [
      { holder: names[0], processed: 15, failed: 2, lastSeenAt: NOW + 1, retired: none },
      { holder: names[1], processed: 3, failed: -1, lastSeenAt: NOW, retired: none },
    ].sort((a, b) => ((a.holder as string) < (b.holder as string) ? -1 : 1)),
  );
});

test('counters are spread over all shards, and found in each', async () => {
  for (let at = 0; at < 200; at++)
    await add(new WorkerCounters(memory.table, `worker-${at}` as WorkerId), gain(1), NOW);
  expect(memory.dynamo.partitions(`COUNTERS#${RUN}#`)).toHaveLength(COUNTER_SHARDS);
  expect(await totals()).toEqual(gain(200));
});

describe('a new worker', () => {
  test('takes over the counter that has been idle longest, which keeps the sum and forgets the holder', async () => {
    await fillShard();
    await add(counters(8), gain(5, 2), LATER);
    expect(await holders()).toHaveLength(WORKERS_PER_SHARD);
    expect(await holders()).not.toContain(names[LONGEST]);
    const found = await readTotals(memory.table, RUN);
    expect(found?.workers).toContainEqual({
      ...{ holder: names[8], processed: 5, failed: 2, lastSeenAt: LATER },
      retired: { processed: 10, failed: 1, workers: 1 },
    });
    expect(found).toMatchObject({
      processed: 85,
      failed: 10,
      retired: { processed: 10, failed: 1, workers: 1 },
    });
    // And so on, until each counter has been taken over again and again.
    for (let turn = 1; turn <= 30; turn++)
      await add(counters(turn % names.length), gain(1), LATER + turn * (RETIRED_AFTER_MS + 1));
    expect(await totals()).toEqual(gain(85 + 30, 10));
    expect(await holders()).toHaveLength(WORKERS_PER_SHARD);
    expect((await readTotals(memory.table, RUN))?.retired.workers).toBeGreaterThan(2 * WORKERS_PER_SHARD);
  });

  test.each([
    ['has been idle for no longer than a worker may be', WORKERS_PER_SHARD, LATER - WORKERS_PER_SHARD],
    ['is one of few', WORKERS_PER_SHARD - 1, LATER],
  ])('takes no counter over that %s', async (_why, kept, now) => {
    for (let at = 0; at < kept; at++) await add(counters(at), gain(1), NOW - WORKERS_PER_SHARD + 1 + at);
    await add(counters(8), gain(1), now);
    expect(await holders()).toHaveLength(kept + 1);
  });

  test('finds the counter that it had before', async () => {
    await fillShard();
    await add(counters(3), gain(1), LATER);
    expect(await listCounters(memory.table, RUN)).toContainEqual(
      expect.objectContaining({ holder: names[3], processed: 11, retired: none }),
    );
  });

  test.each([
    [
      'its holder counts at that very moment',
      (all: WorkerCounters[]) => add(all[LONGEST] as WorkerCounters, gain(1), LATER),
    ],
    ['another new one is first', () => add(counters(9), gain(1), LATER)],
  ])('takes nothing over when %s', async (_what, meanwhile) => {
    const all = await fillShard();
    const write = await counters(8).incrementWrite(RUN, gain(5), LATER);
    await meanwhile(all);
    await expect(transact(memory.table, [write])).rejects.toEqual(new ConditionFailed([0]));
    expect(await totals()).toEqual(gain(81, 8));
  });
});

/** Counts so many of a message's ten jobs, each time of another message. */
let messages = 0;
async function count(writer: LedgerWriter | undefined, processed: number): Promise<void> {
  const first = ++messages * 10;
  const range = message({ first: job(first), last: job(first + 9) });
  const record = newRecord(range);
  const pending = record.pending.slice(processed);
  await writer?.commit([{ message: range, record }], () => (processed > 0 ? { ...record, pending } : record));
}

test.each([
  ['others are idle, too', LATER + WORKERS_PER_SHARD],
  ['no other is idle', LATER],
])(
  'a holder that comes back after its counter was taken over takes another, and nothing is lost, when %s',
  async (_when, now) => {
    const writers = names.map((name) => memory.writer(name));
    for (const [at, writer] of writers.slice(0, WORKERS_PER_SHARD).entries()) {
      memory.now = NOW + at;
      await count(writer, 1);
    }
    memory.now = now;
    await count(writers[8], 1);
    expect(await holders()).not.toContain(names[0]);
    await count(writers[0], 1);
    expect(await holders()).toEqual(expect.arrayContaining([names[0], names[8]]));
    expect(await totals()).toEqual(gain(10));
  },
);

test('whoever comes, idles and comes back: the sum is exact, and a shard has few more counters than workers', async () => {
  const turns = fc.array(
    fc.record({ who: fc.nat(names.length - 1), minutes: fc.nat(12), processed: fc.nat(5) }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(turns, async (turns) => {
      memory = await memoryWithTick();
      const writers = names.map((name) => memory.writer(name));
      const lastSeen = new Map<number, number>();
      let sum = 0;
      let most = WORKERS_PER_SHARD;
      for (const { who, minutes, processed } of turns) {
        memory.now += minutes * 60_000;
        await count(writers[who], processed);
        sum += processed;
        if (processed > 0) lastSeen.set(who, memory.now);
        const busy = [...lastSeen.values()].filter((at) => at >= memory.now - RETIRED_AFTER_MS);
        most = Math.max(most, busy.length);
        expect((await totals())?.processed).toBe(sum);
      }
      expect(writers.reduce((all, { counted }) => all + counted.processed, 0)).toBe(sum);
      expect((await holders()).length).toBeLessThanOrEqual(most);
      expect(new Set(await holders()).size).toBe((await holders()).length);
    }),
    { numRuns: 50 },
  );
});
