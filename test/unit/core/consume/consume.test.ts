import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type Batch, consume } from '../../../../functions/core/consume/consume.ts';
import type { Delivery, Worker } from '../../../../functions/core/consume/worker.ts';
import type { JobId } from '../../../../functions/core/ids.ts';
import { readRecord } from '../../../../functions/core/ledger/records.ts';
import { readTotals } from '../../../../functions/core/ledger/totals.ts';
import { type Message, messageKey } from '../../../../functions/core/message.ts';
import { acquireLease, newRecord } from '../../../../functions/core/message-record.ts';
import { delivery, invalid, type Memory, memoryWithTick, throttled, writesOf } from '../memory.ts';
import { job, message, NOW, RUN } from '../samples.ts';

const [first, second, third] = [1, 11, 21].map((at) => message({ first: job(at), last: job(at + 9) })) as [
  Message,
  Message,
  Message,
];

let memory: Memory;
let worker: Worker;

beforeEach(async () => {
  memory = await memoryWithTick();
  worker = memory.worker();
});

/** Delivers messages for the first time, unless said otherwise. */
const deliver = (...deliveries: (Message | Delivery)[]): Promise<Batch> =>
  consume(
    worker,
    deliveries.map((one, at) => ('v' in one ? delivery(one, 1, `${at}`) : one)),
    NOW + 10_000,
  );

const totals = async () => {
  const { processed, failed } = (await readTotals(memory.table, RUN)) ?? {};
  return { processed, failed };
};

const writesTo = (command: object, message: Message) =>
  writesOf(command)?.some(({ Put }) => Put?.Item?.pk === `MESSAGE#${messageKey(message)}`);

/** Jobs that throw. */
const failing = (...jobs: number[]): Worker['job'] => ({
  input: (jobId) => jobId,
  work: (jobId: JobId) => {
    if (jobs.includes(jobId)) throw new Error(`job ${jobId}`);
    return jobId;
  },
});

test('counts a batch, and says so', async () => {
  expect(await deliver(first, second)).toEqual({
    jobs: [{ runId: RUN, tick: 1, firstJob: 1, lastJob: 20 }],
    ...{ processed: 20, failed: 0, failedAttempts: 0, skipped: 0, malformed: 0 },
    ...{ returned: 0, undelivered: [], errors: [] },
  });
  expect(await totals()).toEqual({ processed: 20, failed: 0 });
  expect(memory.elastic.documents.size).toBe(20);
});

describe('one message’s trouble is none of the others’', () => {
  test('a record that DynamoDB refuses costs its own message a return, and not the batch a visibility timeout', async () => {
    memory.beforeLedger = (command) => {
      if (writesTo(command, third)) throw invalid();
    };
    const batch = await deliver(first, second, third);
    expect(batch).toMatchObject({ processed: 20, failed: 0, returned: 1, undelivered: [] });
    expect(batch.errors).toEqual([expect.objectContaining({ name: 'ValidationException' })]);
    expect(batch).not.toHaveProperty('outage');
    expect(await totals()).toEqual({ processed: 20, failed: 0 });
    expect(memory.bodies('jobs')).toEqual([{ ...third, returned: { times: 1, notBefore: NOW + 2_000 } }]);

    memory.beforeLedger = () => {};
    memory.now = NOW + 2_000;
    await deliver(...memory.bodies('jobs'));
    expect(await totals()).toEqual({ processed: 30, failed: 0 });
  });

  test('a record that can’t be read comes again, and its jobs are not begun', async () => {
    memory.beforeLedger = (command) => {
      if (
        'Key' in (command as { input: object }).input &&
        JSON.stringify(command).includes(messageKey(first))
      )
        throw throttled();
    };
    const onJob = vi.fn();
    worker = memory.worker({ onJob });
    const batch = await deliver(delivery(first, 2, 'first'), second);
    expect(batch).toMatchObject({ processed: 10, returned: 1, outage: { service: 'ledger' }, errors: [] });
    expect(onJob).toHaveBeenCalledTimes(10);
  });

  test('what nobody can make sense of is kept with its reason, and the rest is done', async () => {
    expect(await deliver(delivery('hello', 1, 'bad'), first)).toMatchObject({ processed: 10, malformed: 1 });
    expect(memory.sqs.copies('dead letters')).toMatchObject([{ body: 'hello' }]);
  });

  test('what could be neither kept nor sent back is left to SQS, each delivery by its name', async () => {
    memory.answerQueue = () => {
      throw throttled();
    };
    worker = memory.worker({ job: failing(11) });
    const batch = await deliver(delivery('hello', 1, 'bad'), first, delivery(second, 1, 'second'));
    expect(batch).toMatchObject({ processed: 19, malformed: 0, undelivered: ['bad', 'second'] });
    expect(batch.outage?.service).toBe('queue');
  });
});

describe('a job that fails', () => {
  test('comes again with its message, and is given up on its last attempt', async () => {
    worker = memory.worker({ job: failing(3) });
    expect(await deliver(first)).toMatchObject({ processed: 9, failed: 0, failedAttempts: 1, returned: 1 });
    expect(await deliver(...memory.bodies('jobs'))).toMatchObject({
      ...{ processed: 0, failed: 1, failedAttempts: 1, skipped: 9, returned: 0 },
    });
    expect(await totals()).toEqual({ processed: 9, failed: 1 });
    const letters = memory.bodies('dead letters');
    expect(letters).toMatchObject([{ first: 1, last: 10, retry: { jobs: [3] } }]);

    worker = memory.worker();
    expect(await deliver(...letters)).toMatchObject({ processed: 1, failed: -1 });
    expect(await totals()).toEqual({ processed: 10, failed: 0 });
  });

  test('is not counted as failed before its dead letter is kept', async () => {
    worker = memory.worker({ job: failing(3), settings: { ...worker.settings, maxAttempts: 1 } });
    memory.answerQueue = (command, url) => {
      if (url === 'dead letters') throw throttled();
      return memory.sqs.execute(command);
    };
    expect(await deliver(first)).toMatchObject({ processed: 9, failed: 0, returned: 1 });
    expect(await totals()).toEqual({ processed: 9, failed: 0 });
  });
});

describe('a message that another delivery has leased', () => {
  const lease = { id: 'a', until: NOW + 30_000 };

  beforeEach(async () => {
    const record = newRecord(first);
    await memory.writer('another').commit([{ message: first, record }], () => acquireLease(record, lease));
  });

  test('is left alone, and comes again when that is over', async () => {
    expect(await deliver(delivery(first, 2), second)).toMatchObject({ processed: 10, returned: 1 });
    expect(memory.bodies('jobs')).toEqual([{ ...first, returned: { times: 1, notBefore: lease.until } }]);
  });

  test('is worked on when the holder has survived it', async () => {
    const survivor = { ...first, returned: { times: 1, notBefore: NOW, survived: ['a'] } };
    expect(await deliver(survivor)).toMatchObject({ processed: 10, returned: 0 });
  });

  test('has its jobs run alone when the holder died', async () => {
    memory.now = lease.until;
    const leases: unknown[] = [];
    memory.beforeLedger = (command) => {
      for (const { Put } of writesOf(command) ?? []) leases.push(Put?.Item?.lease?.job);
    };
    const batch = await consume(worker, [delivery(first, 2)], memory.now + 10_000);
    expect(batch).toMatchObject({ processed: 10, returned: 0 });
    expect(leases.filter(Boolean)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

test('a worker that lives through a suspect message’s jobs says so, whatever came of them', async () => {
  worker = memory.worker({ job: failing(3) });
  expect(await deliver(delivery(first, 3))).toMatchObject({ processed: 9, returned: 1 });
  expect(memory.bodies('jobs')).toMatchObject([{ returned: { times: 1, notBefore: NOW + 2_000 } }]);
  expect(memory.bodies('jobs')[0]?.returned).not.toHaveProperty('suspect');
  expect(memory.bodies('jobs')[0]?.returned).not.toHaveProperty('survived');
});

test('what a worker survived without being able to tell the ledger is told by the message', async () => {
  memory.beforeLedger = (command) => {
    // The lease is taken, and the rest of the ledger's calls fail.
    if (writesTo(command, first) && memory.transactions.length > 0) throw throttled();
  };
  await deliver(delivery(first, 3));
  const [sent] = memory.bodies('jobs');
  expect(sent?.returned).toMatchObject({ suspect: true, survived: [expect.any(String)] });

  memory.beforeLedger = () => {};
  memory.now += 20_000;
  expect(await consume(worker, [delivery(sent as Message)], memory.now + 10_000)).toMatchObject({
    ...{ processed: 10, returned: 0 },
  });
  const [record] = memory.dynamo.peek(`MESSAGE#${messageKey(first)}`);
  expect(record).not.toHaveProperty('isolated');
});

test('and so it is when another delivery has changed the record meanwhile, and left the lease', async () => {
  let writes = 0;
  memory.beforeLedger = async (command) => {
    if (!writesTo(command, first)) return;
    if (++writes === 2) {
      const record = await readRecord(memory.table, first);
      if (record) await another.commit([{ message: first, record }], () => ({ ...record, isolated: true }));
    }
    // The lease, the outcomes, and the other one's write are let through; the outcomes fail the second time.
    if (writes > 3) throw throttled();
  };
  const another = memory.writer('another');
  await deliver(delivery(first, 3));
  expect(memory.bodies('jobs')[0]?.returned).toMatchObject({ suspect: true, survived: [expect.any(String)] });
});
