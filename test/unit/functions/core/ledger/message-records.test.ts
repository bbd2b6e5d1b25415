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
  acquireLease,
  applyOutcomes,
  type MessageRecord,
  newRecord,
  type RequestedJobs,
} from '../../../../../functions/core/model/message-record.ts';
import { invalid, Memory, throttled, writesOf } from '../../memory.ts';
import { job, jobs, message, NOW, RUN } from '../../samples.ts';

const OTHER_RUN = '20261124-000000-aaaa' as RunId;
const WHOLE: RequestedJobs = { all: true, rounds: new Map() };
const reason = reasonFrom(new Error('€'.repeat(1_000)));

let memory: Memory;
let writer: LedgerWriter;

beforeEach(() => {
  memory = new Memory();
  writer = memory.writer('worker');
});

/** The state of a message that is believed never to have been written. */
function state(message: MessageRange): RecordedMessage {
  return { message, record: newRecord(message) };
}

/** So many messages of a run, each of ten jobs. */
function states(count: number, runId = RUN): RecordedMessage[] {
  return Array.from({ length: count }, (_, at) =>
    state(message({ runId, first: job(at * 10 + 1), last: job(at * 10 + 10) })),
  );
}

const done = ({ message, record }: RecordedMessage, numbers = jobsInRange(message)): MessageRecord =>
  applyOutcomes(
    record,
    WHOLE,
    numbers.map((jobId) => ({ kind: 'done', jobId })),
    NOW,
  );

const failed = ({ message, record }: RecordedMessage): MessageRecord =>
  applyOutcomes(
    record,
    WHOLE,
    jobsInRange(message).map((jobId) => ({ kind: 'failed', jobId, reason, permanent: false })),
    NOW,
  );

const givenUp = (state: RecordedMessage): MessageRecord =>
  applyOutcomes(
    failed(state),
    { all: true, rounds: new Map() },
    jobsInRange(state.message).map((jobId) => ({ kind: 'deadLettered', jobId, round: NOW })),
    NOW,
  );

const onRecord = ({ message }: RecordedMessage) => {
  const pk = `MESSAGE#${messageKey(message)}`;
  return {
    item: () => [...memory.dynamo.peek(pk)][0],
    writtenBy: (command: object) => writesOf(command)?.some(({ Put }) => Put?.Item?.pk === pk) ?? false,
    readBy: (command: object) => command instanceof GetCommand && command.input.Key?.pk === pk,
  };
};

/** What all workers' counters say. */
async function counted(runId = RUN): Promise<{ processed: number; failed: number }> {
  const counters = await listCounters(memory.table, runId);
  const sum = (of: 'processed' | 'failed') => counters.reduce((sum, counter) => sum + counter[of], 0);
  return { processed: sum('processed'), failed: sum('failed') };
}

describe('a record', () => {
  test('is read as it was written, and one that was never written is none', async () => {
    const [one, other] = states(2) as [RecordedMessage, RecordedMessage];
    const leased = (state: RecordedMessage) =>
      acquireLease(
        { ...givenUp(state), pending: jobs(1), isolated: true },
        { id: 'a', until: NOW, job: job(1) },
      );
    const [written] = await writer.commit([one], leased);
    expect(written?.record).toEqual({ ...leased(one), version: 1 });
    expect(await readRecord(memory.table, one.message)).toEqual(written?.record);
    expect(await readRecord(memory.table, other.message)).toBeUndefined();
  });

  test('keeps no lists when its message is processed whole', async () => {
    const [one] = states(1) as [RecordedMessage];
    await writer.commit([one], (state) => ({ ...done(state), isolated: true }));
    const expiresAt = Math.ceil(NOW / 1_000) + 86_400;
    expect(onRecord(one).item()).toEqual({ pk: expect.any(String), sk: 'MESSAGE', version: 1, expiresAt });
    expect(await readRecord(memory.table, one.message)).toMatchObject({ pending: [], failed: [] });
  });

  test('never expires while jobs of it have failed', async () => {
    const [one] = states(1) as [RecordedMessage];
    const [given] = await writer.commit([one], givenUp);
    expect(onRecord(one).item()).not.toHaveProperty('expiresAt');
    await writer.commit([given as RecordedMessage], (state) => done(state));
    expect(onRecord(one).item()).toHaveProperty('expiresAt');
  });
});

describe('commit', () => {
  test('brings records and counters to what the transition says, and answers all states in their order', async () => {
    const [first, second, third] = states(3) as [RecordedMessage, RecordedMessage, RecordedMessage];
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

  test('writes nothing where nothing changes, nor what is in trouble', async () => {
    const [first, second] = states(2) as [RecordedMessage, RecordedMessage];
    const troubled = { ...second, problem: new Error('no index') };
    const transition = vi.fn((state: RecordedMessage) => state.record);
    expect(await writer.commit([first, troubled], transition)).toEqual([first, troubled]);
    expect(transition).toHaveBeenCalledExactlyOnceWith(first);
    expect(memory.calls).toEqual([]);
  });

  test('writes no counter that stays as it is', async () => {
    await writer.commit(states(2), failed);
    expect(memory.transactions).toEqual([[{ Put: expect.anything() }, { Put: expect.anything() }]]);
    expect(memory.calls).toHaveLength(1);
  });

  test('asks again for a record that has moved on, and only for that', async () => {
    const [moved, still] = states(2) as [RecordedMessage, RecordedMessage];
    await memory.writer('another').commit([moved], (state) => done(state, jobs(1, 2, 3)));
    memory.calls.length = 0;
    const transition = vi.fn((state: RecordedMessage) => done(state, jobs(3, 4, 11)));
    const after = await writer.commit([moved, still], transition);
    expect(transition.mock.calls.map(([{ record }]) => [record.version, record.pending.length])).toEqual([
      [0, 10],
      [0, 10],
      [1, 7],
      [0, 10],
    ]);
    expect(memory.calls.filter((call) => call instanceof GetCommand)).toHaveLength(1);
    expect(after.map(({ record }) => record.version)).toEqual([2, 1]);
    expect(await counted()).toEqual({ processed: 5, failed: 0 });
    expect(writer.counted.processed).toBe(2);
  });

  test('leaves a message alone whose record has expired meanwhile: its jobs may be counted', async () => {
    const [one] = states(1) as [RecordedMessage];
    const after = await writer.commit([{ ...one, record: { ...one.record, version: 3 } }], failed);
    expect(after[0]?.problem?.message).toContain('forgotten');
    expect(await counted()).toEqual({ processed: 0, failed: 0 });
  });

  test('leaves a message to its next delivery that moves on again and again', async () => {
    const [one] = states(1) as [RecordedMessage];
    const another = memory.writer('another');
    memory.beforeLedger = async (command) => {
      if (!onRecord(one).writtenBy(command)) return;
      const { beforeLedger } = memory;
      memory.beforeLedger = () => {};
      const record = await readRecord(memory.table, one.message);
      await another.commit([record ? { ...one, record } : one], failed);
      memory.beforeLedger = beforeLedger;
    };
    const [after] = await writer.commit([one], (state) => done(state));
    expect(after?.problem).toBeInstanceOf(ConditionFailed);
    expect(after?.record.version).toBeGreaterThan(1);
    expect(await counted()).toEqual({ processed: 0, failed: 0 });
  });

  test('counts each job once that several workers have at once, in whatever order they write', async () => {
    const jobLists = fc.array(fc.subarray(jobsInRange(message()), { minLength: 1 }), {
      minLength: 2,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(jobLists, fc.scheduler(), async (lists, scheduler) => {
        memory = new Memory();
        memory.beforeLedger = () => scheduler.schedule(Promise.resolve());
        const writers = lists.map((_, at) => memory.writer(`worker-${at}`));
        const commits = lists.map((numbers, at) =>
          writers[at]?.commit(states(1), (state) => done(state, numbers)),
        );
        await scheduler.waitFor(Promise.all(commits));
        const processed = new Set(lists.flat()).size;
        memory.beforeLedger = () => {};
        expect((await readRecord(memory.table, message()))?.pending).toHaveLength(10 - processed);
        expect(await counted()).toEqual({ processed, failed: 0 });
        expect(writers.reduce((sum, { counted }) => sum + counted.processed, 0)).toBe(processed);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a transaction', () => {
  const runOf = ({ Put, Update }: TransactionWrite) => String((Put?.Item ?? Update?.Key)?.pk).split('#')[1];

  test('has at most 99 messages of one run, and a counter', async () => {
    await writer.commit([...states(250), ...states(30, OTHER_RUN)], (state) => done(state));
    expect(memory.transactions.map((writes) => writes.length)).toEqual([100, 100, 53, 31]);
    for (const writes of memory.transactions) {
      expect(writes.filter(({ Update }) => Update)).toHaveLength(1);
      expect(new Set(writes.map(runOf)).size).toBe(1);
    }
    expect(await Promise.all([counted(), counted(OTHER_RUN)])).toMatchObject([
      { processed: 2_500 },
      { processed: 300 },
    ]);
  });

  test('has no more than DynamoDB takes, however much has failed', async () => {
    const largest = Array.from({ length: 30 }, (_, at) =>
      state(message({ first: job(at * 500 + 1), last: job(at * 500 + 500) })),
    );
    const after = await writer.commit(largest, givenUp);
    expect(after.flatMap(({ problem }) => problem ?? [])).toEqual([]);
    expect(memory.transactions.length).toBeLessThan(6);
    expect(await counted()).toEqual({ processed: 0, failed: 15_000 });
  });
});

describe('trouble', () => {
  const [first, second, third] = states(3) as [RecordedMessage, RecordedMessage, RecordedMessage];
  const other = states(1, OTHER_RUN)[0] as RecordedMessage;

  test('with one record that DynamoDB refuses is none of its neighbours’', async () => {
    memory.beforeLedger = (command) => {
      if (onRecord(second).writtenBy(command)) throw invalid();
    };
    const after = await writer.commit([first, second, third], (state) => done(state));
    expect(after.map(({ problem }) => problem?.name)).toEqual([undefined, 'ValidationException', undefined]);
    expect(await counted()).toEqual({ processed: 20, failed: 0 });
  });

  test('of DynamoDB’s own leaves a slice as it is, is not asked for one by one, and is none of the next slice’s', async () => {
    const attempts = vi.fn();
    memory.beforeLedger = (command) => {
      if (!onRecord(second).writtenBy(command)) return;
      attempts();
      throw throttled();
    };
    const after = await writer.commit([first, second, other], (state) => done(state));
    expect(after.map(({ problem }) => problem?.name)).toEqual(['Unavailable', 'Unavailable', undefined]);
    expect(after.map(({ record }) => record.version)).toEqual([0, 0, 1]);
    expect(attempts).toHaveBeenCalledTimes(1);
  });

  test('with the counter, or with reading what has moved on, is said and not thrown', async () => {
    memory.beforeLedger = () => {
      throw throttled();
    };
    const [unlisted] = await writer.commit([first], (state) => done(state));
    memory.beforeLedger = () => {};
    await memory.writer('another').commit([first], (state) => done(state));
    memory.beforeLedger = (command) => {
      if (onRecord(first).readBy(command)) throw throttled();
    };
    const [unread, written] = await writer.commit([first, second], (state) => done(state));
    for (const state of [unlisted, unread]) expect(state?.problem).toBeInstanceOf(Unavailable);
    expect(written?.record.version).toBe(1);
    expect(written?.problem).toBeUndefined();
    memory.beforeLedger = () => {};
    expect(await counted()).toEqual({ processed: 20, failed: 0 });
  });
});
