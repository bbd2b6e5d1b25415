import { GetCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { listCounters } from '../../../../../functions/core/ledger/counters.ts';
import {
  type LedgerWriter,
  type RecordedMessage,
  readRecord,
} from '../../../../../functions/core/ledger/message-records.ts';
import type { TransactionWrite } from '../../../../../functions/core/ledger/table.ts';
import { ConditionFailed, reasonFrom, Unavailable } from '../../../../../functions/core/model/errors.ts';
import type { RunId } from '../../../../../functions/core/model/ids.ts';
import { jobsInRange, type MessageRange, messageKey } from '../../../../../functions/core/model/message.ts';
import {
  applyOutcomes,
  type MessageRecord,
  newRecord,
  type Outcome,
} from '../../../../../functions/core/model/message-record.ts';
import { InMemoryCloud, throttled, writesRecord } from '../../../../fixtures/in-memory-cloud.ts';
import { jobs, message, messageFrom, NOW, RUN } from '../../../../fixtures/ledger.ts';

const OTHER_RUN = '20261124-000000-aaaa' as RunId;
const reason = reasonFrom(new Error('€'.repeat(1_000)));

let cloud: InMemoryCloud;
let writer: LedgerWriter;

beforeEach(() => {
  cloud = new InMemoryCloud();
  writer = cloud.writer('worker');
});

/** A message that is believed to have no record. */
const unrecorded = (message: MessageRange): RecordedMessage => ({ message, record: newRecord(message) });

/** Messages of ten jobs each. */
const states = (count: number, runId = RUN) =>
  Array.from({ length: count }, (_, at) => unrecorded(messageFrom(at * 10 + 1, 10, { runId })));

const [first, second, third] = states(3) as [RecordedMessage, RecordedMessage, RecordedMessage];

const ended = ({ record }: RecordedMessage, outcomes: Outcome[]): MessageRecord =>
  applyOutcomes(record, { all: true, rounds: new Map() }, outcomes, NOW);
const done = (state: RecordedMessage, numbers = jobsInRange(state.message)) =>
  ended(
    state,
    numbers.map((jobId) => ({ kind: 'done', jobId })),
  );
const failed = (state: RecordedMessage) =>
  ended(
    state,
    jobsInRange(state.message).map((jobId) => ({ kind: 'failed', jobId, reason, permanent: false })),
  );
const givenUp = (state: RecordedMessage) =>
  applyOutcomes(
    failed(state),
    { all: true, rounds: new Map() },
    jobsInRange(state.message).map((jobId) => ({ kind: 'deadLettered', jobId, round: NOW })),
    NOW,
  );

/** The sum over all workers' counters. */
async function counted(runId = RUN): Promise<{ processed: number; failed: number }> {
  const counters = await listCounters(cloud.table, runId);
  const sum = (of: 'processed' | 'failed') => counters.reduce((sum, counter) => sum + counter[of], 0);
  return { processed: sum('processed'), failed: sum('failed') };
}

describe('a record', () => {
  test('keeps no lists when all jobs are processed', async () => {
    await writer.commit([first], (state) => ({ ...done(state), isolated: true }));
    const expiresAt = Math.ceil(NOW / 1_000) + 86_400;
    expect(cloud.recordItem()).toEqual({ pk: expect.any(String), sk: 'MESSAGE', version: 1, expiresAt });
    expect(await readRecord(cloud.table, first.message)).toMatchObject({ pending: [], failed: [] });
  });

  test('never expires while some of its jobs are failed', async () => {
    const after = await writer.commit([first], givenUp);
    expect(cloud.recordItem()).not.toHaveProperty('expiresAt');
    await writer.commit(after, (state) => done(state));
    expect(cloud.recordItem()).toHaveProperty('expiresAt');
  });
});

describe('commit', () => {
  test('writes the records that change, adds to the counters, and returns all states in order', async () => {
    const after = await writer.commit([first, second, third], (state) =>
      state === second ? state.record : done(state),
    );
    expect(after.map(({ record }) => [record.version, record.pending.length])).toEqual([
      [1, 0],
      [0, 10],
      [1, 0],
    ]);
    expect(after[1]).toBe(second);
    expect(await counted()).toEqual({ processed: 20, failed: 0 });
    expect(writer.counted).toEqual({ processed: 20, failed: 0 });
  });

  test('writes nothing for messages in problem, and no counter that does not change', async () => {
    const troubled = { ...second, problem: new Error('no index') };
    const transition = vi.fn((state: RecordedMessage) => state.record);
    expect(await writer.commit([first, troubled], transition)).toEqual([first, troubled]);
    expect(transition).toHaveBeenCalledExactlyOnceWith(first);
    expect(cloud.calls).toEqual([]);
    await writer.commit([first, second], failed);
    expect(cloud.transactions).toEqual([[{ Put: expect.anything() }, { Put: expect.anything() }]]);
    expect(cloud.calls).toHaveLength(1);
  });

  test('applies the transition again to a record that another worker changed, and reads only that one', async () => {
    await cloud.writer('another').commit([first], (state) => done(state, jobs(1, 2, 3)));
    cloud.calls.length = 0;
    const transition = vi.fn((state: RecordedMessage) => done(state, jobs(3, 4, 11)));
    const after = await writer.commit([first, second], transition);
    expect(transition.mock.calls.map(([{ record }]) => [record.version, record.pending.length])).toEqual([
      [0, 10],
      [0, 10],
      [1, 7],
      [0, 10],
    ]);
    expect(cloud.calls.filter((call) => call instanceof GetCommand)).toHaveLength(1);
    expect(after.map(({ record }) => record.version)).toEqual([2, 1]);
    expect(await counted()).toEqual({ processed: 5, failed: 0 });
    expect(writer.counted.processed).toBe(2);
  });

  test('does not write a record that expired after it was read, because its jobs may be counted', async () => {
    const after = await writer.commit([{ ...first, record: { ...first.record, version: 3 } }], failed);
    expect(after[0]?.problem?.message).toContain('expired');
    expect(await counted()).toEqual({ processed: 0, failed: 0 });
  });

  test('writes a new record if the one that it met expired before it could be read', async () => {
    await cloud.writeRecord({ pending: [] });
    cloud.beforeLedger = (command) => {
      if (command instanceof GetCommand) cloud.dynamo.expire(`MESSAGE#${messageKey(message())}`);
    };
    const [after] = await writer.commit([first], failed);
    expect(after).toMatchObject({ record: { version: 1, pending: { length: 10 } } });
    expect(after?.problem).toBeUndefined();
  });

  test('leaves a message to its next delivery if other workers change its record again and again', async () => {
    const another = cloud.writer('another');
    cloud.beforeLedger = async (command) => {
      if (!writesRecord(command, first.message)) return;
      const { beforeLedger } = cloud;
      cloud.beforeLedger = () => {};
      const record = await readRecord(cloud.table, first.message);
      await another.commit([record ? { ...first, record } : first], failed);
      cloud.beforeLedger = beforeLedger;
    };
    const [after] = await writer.commit([first], (state) => done(state));
    expect(after?.problem).toBeInstanceOf(ConditionFailed);
    expect(after?.record.version).toBeGreaterThan(1);
    expect(await counted()).toEqual({ processed: 0, failed: 0 });
  });

  test('counts each job once if several workers have it at the same time, in any order of their calls', async () => {
    const jobLists = fc.array(fc.subarray(jobsInRange(message()), { minLength: 1 }), {
      minLength: 2,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(jobLists, fc.scheduler(), async (lists, scheduler) => {
        cloud = new InMemoryCloud();
        cloud.beforeLedger = () => scheduler.schedule(Promise.resolve());
        const writers = lists.map((_, at) => cloud.writer(`worker-${at}`));
        const commits = lists.map((numbers, at) =>
          writers[at]?.commit([first], (state) => done(state, numbers)),
        );
        await scheduler.waitFor(Promise.all(commits));
        const processed = new Set(lists.flat()).size;
        cloud.beforeLedger = () => {};
        expect((await readRecord(cloud.table, message()))?.pending).toHaveLength(10 - processed);
        expect(await counted()).toEqual({ processed, failed: 0 });
        expect(writers.reduce((sum, { counted }) => sum + counted.processed, 0)).toBe(processed);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a transaction', () => {
  const runOf = ({ Put, Update }: TransactionWrite) => String((Put?.Item ?? Update?.Key)?.pk).split('#')[1];

  test('has at most 99 messages of one run and a counter', async () => {
    await writer.commit([...states(250), ...states(30, OTHER_RUN)], (state) => done(state));
    expect(cloud.transactions.map((writes) => writes.length)).toEqual([100, 100, 53, 31]);
    for (const writes of cloud.transactions) {
      expect(writes.filter(({ Update }) => Update)).toHaveLength(1);
      expect(new Set(writes.map(runOf)).size).toBe(1);
    }
    const both = await Promise.all([counted(), counted(OTHER_RUN)]);
    expect(both.map(({ processed }) => processed)).toEqual([2_500, 300]);
  });

  test('is smaller than DynamoDB’s limit, even if all jobs have failed', async () => {
    const largest = Array.from({ length: 30 }, (_, at) => unrecorded(messageFrom(at * 500 + 1, 500)));
    const after = await writer.commit(largest, givenUp);
    expect(after.flatMap(({ problem }) => problem ?? [])).toEqual([]);
    expect(cloud.transactions.length).toBeLessThan(6);
    expect(await counted()).toEqual({ processed: 0, failed: 15_000 });
  });

  test('that DynamoDB throttles is not split, and does not affect the next one', async () => {
    const attempts = vi.fn();
    cloud.beforeLedger = (command) => {
      if (!writesRecord(command, second.message)) return;
      attempts();
      throw throttled();
    };
    const after = await writer.commit([first, second, ...states(1, OTHER_RUN)], (state) => done(state));
    expect(after.map(({ problem }) => problem?.name)).toEqual(['Unavailable', 'Unavailable', undefined]);
    expect(after.map(({ record }) => record.version)).toEqual([0, 0, 1]);
    expect(attempts).toHaveBeenCalledTimes(1);
  });

  test('that fails because a counter or a record cannot be read is reported, not thrown', async () => {
    cloud.beforeLedger = () => {
      throw throttled();
    };
    const [unlisted] = await writer.commit([first], (state) => done(state));
    cloud.beforeLedger = () => {};
    await cloud.writer('another').commit([first], (state) => done(state));
    cloud.beforeLedger = (command) => {
      if (command instanceof GetCommand && String(command.input.Key?.pk).endsWith(messageKey(first.message)))
        throw throttled();
    };
    const [unread, written] = await writer.commit([first, second], (state) => done(state));
    for (const state of [unlisted, unread]) expect(state?.problem).toBeInstanceOf(Unavailable);
    expect(written?.record.version).toBe(1);
    expect(written?.problem).toBeUndefined();
    expect(await counted()).toEqual({ processed: 20, failed: 0 });
  });
});
