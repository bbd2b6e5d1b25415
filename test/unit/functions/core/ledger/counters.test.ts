import { GetCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
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
import { runKey } from '../../../../../functions/core/ledger/runs.ts';
import { transact } from '../../../../../functions/core/ledger/table.ts';
import { readTotals } from '../../../../../functions/core/ledger/totals.ts';
import type { RunId, WorkerId } from '../../../../../functions/core/model/ids.ts';
import { newRecord } from '../../../../../functions/core/model/message-record.ts';
import { cloudWithTick, type InMemoryCloud } from '../../../../fixtures/in-memory-cloud.ts';
import { messageFrom, NOW, RUN, workersOfOneShard } from '../../../../fixtures/ledger.ts';

const none = { processed: 0, failed: 0, workers: 0 };
const LATER = NOW + RETIRED_AFTER_MS + 1;

const delta = (processed: number, failed = 0): CounterDelta => ({ processed, failed });

/** Three more workers than a shard has counters. */
const names = await workersOfOneShard(WORKERS_PER_SHARD + 3);

let cloud: InMemoryCloud;

beforeEach(async () => {
  cloud = await cloudWithTick();
});

const counters = (at: number) => new WorkerCounters(cloud.table, names[at] as WorkerId);
const add = async (counters: WorkerCounters, delta: CounterDelta, now: number) =>
  transact(cloud.table, [await counters.incrementWrite(RUN, delta, now)]);

/** The worker of a full shard that has been idle for longest. */
const LONGEST_IDLE = 2;

/** Fills a shard with counters. Each has 10 processed and 1 failed jobs, and the last one is idle since NOW. */
async function fillShard(): Promise<WorkerCounters[]> {
  const all = Array.from({ length: WORKERS_PER_SHARD }, (_, at) => counters(at));
  for (const [at, each] of all.entries())
    await add(each, delta(10, 1), NOW - ((LONGEST_IDLE - at - 1 + all.length) % all.length));
  return all;
}

const holders = async () => (await listCounters(cloud.table, RUN)).map(({ holder }) => holder);
const totals = async () => {
  const { processed, failed } = (await readTotals(cloud.table, RUN)) ?? {};
  return { processed, failed };
};

test('a worker adds to its own counter, and looks it up once', async () => {
  const own = counters(0);
  await add(own, delta(10), NOW);
  await add(own, delta(5, 2), NOW + 1);
  await add(counters(1), delta(3, -1), NOW);
  expect(cloud.calls.filter((call) => call instanceof QueryCommand)).toHaveLength(2);
  const listed = await listCounters(cloud.table, RUN);
  expect(new Set(listed)).toEqual(
    new Set([
      { holder: names[0], processed: 15, failed: 2, lastSeenAt: NOW + 1, retired: none },
      { holder: names[1], processed: 3, failed: -1, lastSeenAt: NOW, retired: none },
    ]),
  );
});

test('each write says how long the worker’s jobs take, and the totals combine it', async () => {
  const ran = async (at: number, jobMs: number, count: number, now: number) => {
    const own = counters(at);
    own.meter.beginBatch(now);
    for (let job = 0; job < count; job++) own.meter.recordJob(jobMs, now);
    await add(own, delta(count), now);
  };
  const timing = async () => (await readTotals(cloud.table, RUN))?.timing;
  await add(counters(0), delta(1), NOW);
  expect(await timing()).toBeUndefined();
  await ran(1, 10, 100, NOW);
  await ran(2, 40, 50, NOW);
  expect(await timing()).toEqual({ jobMs: 20, workerMs: 0, jobs: 150, at: NOW });
  // A counter that is taken over has the timing of its new holder.
  for (let at = 3; at < WORKERS_PER_SHARD; at++) await ran(at, 10, 1, LATER);
  await ran(8, 70, 1, LATER);
  const taken = (await listCounters(cloud.table, RUN)).find(({ holder }) => holder === names[8]);
  expect(taken).toMatchObject({ timing: { jobMs: 70, jobs: 1, at: LATER }, retired: { workers: 1 } });
});

test('counters are spread over all shards, and all are in the totals', async () => {
  for (let at = 0; at < 200; at++)
    await add(new WorkerCounters(cloud.table, `worker-${at}` as WorkerId), delta(1), NOW);
  expect(cloud.dynamo.partitions(`COUNTERS#${RUN}#`)).toHaveLength(COUNTER_SHARDS);
  expect(await totals()).toEqual(delta(200));
});

describe('a new worker in a full shard', () => {
  test('takes over the counter that has been idle for longest, and the totals stay the same', async () => {
    await fillShard();
    await add(counters(8), delta(5, 2), LATER);
    expect(await holders()).toHaveLength(WORKERS_PER_SHARD);
    expect(await holders()).not.toContain(names[LONGEST_IDLE]);
    const retired = { processed: 10, failed: 1, workers: 1 };
    const found = await readTotals(cloud.table, RUN);
    expect(found).toMatchObject({ processed: 85, failed: 10, retired });
    expect(found?.workers).toContainEqual({
      ...{ holder: names[8], processed: 5, failed: 2, lastSeenAt: LATER },
      retired,
    });
    // Each counter is taken over again and again.
    for (let turn = 1; turn <= 30; turn++)
      await add(counters(turn % names.length), delta(1), LATER + turn * (RETIRED_AFTER_MS + 1));
    expect(await totals()).toEqual(delta(85 + 30, 10));
    expect(await holders()).toHaveLength(WORKERS_PER_SHARD);
    expect((await readTotals(cloud.table, RUN))?.retired.workers).toBeGreaterThan(2 * WORKERS_PER_SHARD);
  });

  test('creates a counter while no other is idle for long enough, or the shard is not full', async () => {
    for (const [existing, now] of [
      [WORKERS_PER_SHARD, LATER - WORKERS_PER_SHARD],
      [WORKERS_PER_SHARD - 1, LATER],
    ] as const) {
      cloud = await cloudWithTick();
      for (let at = 0; at < existing; at++)
        await add(counters(at), delta(1), NOW - WORKERS_PER_SHARD + 1 + at);
      await add(counters(8), delta(1), now);
      expect(await holders()).toHaveLength(existing + 1);
    }
  });

  test('finds the counter that it had before', async () => {
    await fillShard();
    await add(counters(3), delta(1), LATER);
    expect(await listCounters(cloud.table, RUN)).toContainEqual(
      expect.objectContaining({ holder: names[3], processed: 11, retired: none }),
    );
  });
});

/** Counts this many jobs of a new message. */
let messages = 0;
async function count(writer: LedgerWriter | undefined, processed: number): Promise<void> {
  const message = messageFrom(++messages * 10);
  const record = newRecord(message);
  const pending = record.pending.slice(processed);
  await writer?.commit([{ message, record }], () => (processed > 0 ? { ...record, pending } : record));
}

test.each([
  ['others are idle, too', LATER + WORKERS_PER_SHARD],
  ['no other is idle', LATER],
])('a holder that lost its counter takes another one, and no count is lost, when %s', async (_when, now) => {
  const writers = names.map((name) => cloud.writer(name));
  for (const [at, writer] of writers.slice(0, WORKERS_PER_SHARD).entries()) {
    cloud.now = NOW + at;
    await count(writer, 1);
  }
  cloud.now = now;
  await count(writers[8], 1);
  expect(await holders()).not.toContain(names[0]);
  await count(writers[0], 1);
  expect(await holders()).toEqual(expect.arrayContaining([names[0], names[8]]));
  expect(await totals()).toEqual(delta(10));
});

test('the sum is exact, and the number of counters bounded, whichever workers come and go', async () => {
  const turn = fc.record({ who: fc.nat(names.length - 1), minutes: fc.nat(12), processed: fc.nat(5) });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 60 }), async (turns) => {
      cloud = await cloudWithTick();
      const writers = names.map((name) => cloud.writer(name));
      const lastSeen = new Map<number, number>();
      let sum = 0;
      let maxBusy = WORKERS_PER_SHARD;
      for (const { who, minutes, processed } of turns) {
        cloud.now += minutes * 60_000;
        await count(writers[who], processed);
        sum += processed;
        if (processed > 0) lastSeen.set(who, cloud.now);
        const busy = [...lastSeen.values()].filter((at) => at >= cloud.now - RETIRED_AFTER_MS);
        maxBusy = Math.max(maxBusy, busy.length);
        expect((await totals()).processed).toBe(sum);
      }
      expect(writers.reduce((all, { counted }) => all + counted.processed, 0)).toBe(sum);
      expect((await holders()).length).toBeLessThanOrEqual(maxBusy);
      expect(new Set(await holders()).size).toBe((await holders()).length);
    }),
    { numRuns: 50 },
  );
});

describe('the totals', () => {
  test('show no negative failures, and do not exist for an unknown run', async () => {
    await add(counters(0), delta(1, -1), NOW);
    expect(await totals()).toEqual(delta(1, 0));
    expect(await readTotals(cloud.table, '20200101-000000-none' as RunId)).toBeUndefined();
  });

  test('never exceed the enqueued jobs, even if jobs are enqueued and counted between any two reads', async () => {
    await add(counters(0), delta(0), NOW);
    await add(new WorkerCounters(cloud.table, 'two' as WorkerId), delta(0), NOW);
    const partitions = cloud.dynamo.partitions(`COUNTERS#${RUN}#`);
    const increment = (Key: object, attribute: string) => ({
      Update: {
        TableName: 'ledger',
        Key: { ...Key },
        UpdateExpression: `ADD ${attribute} :one`,
        ExpressionAttributeValues: { ':one': 1 },
      },
    });
    cloud.beforeLedger = () => {
      for (const { pk, sk } of partitions.flatMap((pk) => [...cloud.dynamo.peek(pk)])) {
        const writes = [increment(runKey(RUN), 'enqueued'), increment({ pk, sk }, 'jobsProcessed')];
        cloud.dynamo.execute(new TransactWriteCommand({ TransactItems: writes }));
      }
    };
    const found = await readTotals(cloud.table, RUN);
    expect(found?.processed).toBeGreaterThan(0);
    expect(found?.processed).toBeLessThanOrEqual(found?.run.enqueued ?? 0);
    expect(cloud.calls.at(-1)).toBeInstanceOf(GetCommand);
  });
});
