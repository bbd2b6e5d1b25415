import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import type { Client } from '@elastic/elasticsearch';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type BatchResult, consume } from '../../../../../functions/core/consume/consume.ts';
import type { Delivery, Worker } from '../../../../../functions/core/consume/worker.ts';
import { readRecord } from '../../../../../functions/core/ledger/message-records.ts';
import { readTotals } from '../../../../../functions/core/ledger/totals.ts';
import type { JobId } from '../../../../../functions/core/model/ids.ts';
import { type Message, messageKey, parseMessage } from '../../../../../functions/core/model/message.ts';
import {
  acquireLease,
  type MessageRecord,
  newRecord,
} from '../../../../../functions/core/model/message-record.ts';
import { REQUEST_TIMEOUT_MS } from '../../../../../functions/core/results/client.ts';
import {
  claimAll,
  delivery,
  invalid,
  type Memory,
  memoryWithTick,
  throttled,
  writesOf,
} from '../../memory.ts';
import { job, message, NOW, RUN } from '../../samples.ts';

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
const deliver = (...deliveries: (Message | Delivery)[]): Promise<BatchResult> =>
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
    expect(memory.bodies('jobs')).toEqual([{ ...third, returned: { times: 1, notBefore: NOW + 1_000 } }]);

    memory.beforeLedger = () => {};
    memory.now = NOW + 1_000;
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

describe('trouble', () => {
  /** A batch, with what it sends back: the first job, the delay in seconds, and how often it came back by itself. */
  async function sentBack(...deliveries: Delivery[]) {
    const batch = await deliver(...deliveries);
    const sent = memory.bodies('jobs').map(({ first, returned: { notBefore = 0, unexplained } = {} }) => ({
      ...{ first, delay: (notBefore - NOW) / 1_000, ...(unexplained && { unexplained }) },
    }));
    return { batch, sent: sent.sort((a, b) => a.first - b.first) };
  }
  const again = (message: Message, receives = 1): Delivery =>
    delivery({ ...message, returned: { times: 49, notBefore: NOW } }, receives, `${message.first}`);

  test.each([
    ['is closed', undefined],
    ['takes no documents', 'bulk'],
  ])('of an index that %s is not another’s', async (_what, method) => {
    await claimAll(memory.table, {
      ...{ tick: 2, firstJob: job(101), dueAt: NOW + 300_000, index: { name: 'another' } },
    });
    const [fine, failed, suspect] = [101, 111, 121].map((at) =>
      message({ tick: 2, first: job(at), last: job(at + 9) }),
    ) as [Message, Message, Message];
    memory.beforeElastic = (called, index) => {
      if (index === 'results' && called === (method ?? called)) throw new Error('closed');
    };
    const ran: JobId[] = [];
    worker = memory.worker({ job: failing(115), onJob: ({ task }) => ran.push(task.jobId) });
    const { batch, sent } = await sentBack(
      ...[again(first), again(fine), again(failed), again(second, 3), again(suspect, 3)],
    );
    expect(batch).toMatchObject({ processed: 29, failedAttempts: 1, returned: 3, errors: [] });
    expect(batch.outage?.service).toBe('results');
    expect(sent).toEqual([
      { first: 1, delay: 16 },
      { first: 11, delay: 16, unexplained: 2 },
      { first: 111, delay: 2 },
    ]);
    // What needs an index that is in trouble is not run in vain, once that is known.
    expect(ran.filter((job) => job <= 100)).toHaveLength(method ? 10 : 0);
  });

  test('of a call that is refused waits longer with each return', async () => {
    memory.beforeLedger = (command) => {
      if (writesOf(command)) throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    };
    const delays = [];
    let [next] = [first];
    for (let times = 1; times <= 50; times++) {
      const batch = await consume(worker, [delivery(next)], memory.now + 10_000);
      expect(batch).toMatchObject({ returned: 1, errors: [{ name: 'AccessDeniedException' }] });
      const [copy] = memory.sqs.copies('jobs');
      next = memory.bodies('jobs')[0] as Message;
      if (copy) memory.sqs.remove('jobs', copy);
      delays.push(((next.returned?.notBefore ?? 0) - memory.now) / 1_000);
      memory.now = next.returned?.notBefore ?? 0;
    }
    expect(delays).toEqual([1, 2, 4, ...Array(46).fill(8), 16]);
  });

  test('of a record that others were always faster with is told, and is no outage', async () => {
    memory.beforeLedger = (command) => {
      const writes = writesOf(command);
      if (!writes || !writesTo(command, first)) return;
      const CancellationReasons = writes.map(({ Put }) => ({
        Code: Put?.Item?.pk === `MESSAGE#${messageKey(first)}` ? 'ConditionalCheckFailed' : 'None',
      }));
      throw new TransactionCanceledException({ message: '', CancellationReasons, $metadata: {} });
    };
    const { batch, sent } = await sentBack(again(first));
    expect(batch).toMatchObject({ processed: 0, returned: 1, errors: [{ name: 'ConditionFailed' }] });
    expect(batch).not.toHaveProperty('outage');
    expect(sent).toEqual([{ first: 1, delay: 2 }]);
  });
});

test('a job whose result is JSON but once costs itself an attempt, and nothing else', async () => {
  let calls = 0;
  const toJSON = () => {
    if (++calls > 1) throw new Error('only once');
    return 7;
  };
  worker = memory.worker({
    job: { input: (id) => id, work: (id: JobId) => (id === 3 ? { toJSON } : id) },
  });
  expect(await deliver(first, second)).toMatchObject({
    ...{ processed: 19, failed: 0, failedAttempts: 1, returned: 1, errors: [] },
  });
  expect((await readRecord(memory.table, first))?.attempts).toMatchObject({
    3: { count: 1, reason: 'its document can’t be written as JSON' },
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
    expect(memory.bodies('jobs')).toEqual([
      { ...first, returned: { times: 1, notBefore: lease.until, unexplained: 1 } },
    ]);
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

test.each<[string, () => unknown, object]>([
  ['a job fails', () => {}, { processed: 9, returned: 1 }],
  [
    'their documents are not written',
    () => {
      memory.beforeElastic = (method) => {
        if (method === 'bulk') throw new Error('no room');
      };
    },
    { processed: 0, returned: 1 },
  ],
])(
  'a worker that lives through a suspect message’s jobs says so, and be it that %s',
  async (_what, happen, outcome) => {
    happen();
    worker = memory.worker({ job: failing(3) });
    expect(await deliver(delivery(first, 3))).toMatchObject(outcome);
    const [sent] = memory.bodies('jobs');
    expect(sent?.returned).toEqual({ times: 1, notBefore: expect.any(Number) });
    expect(await readRecord(memory.table, first)).not.toHaveProperty('lease');
  },
);

test('what a worker survived without being able to tell the ledger is told by the message', async () => {
  memory.beforeLedger = (command) => {
    // The lease is taken, and the rest of the ledger's calls fail.
    if (writesTo(command, first) && memory.transactions.length > 0) throw throttled();
  };
  await deliver(delivery(first, 3));
  const [sent] = memory.bodies('jobs');
  expect(sent?.returned).toMatchObject({ unexplained: 2, survived: [expect.any(String)] });

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
  expect(memory.bodies('jobs')[0]?.returned).toMatchObject({
    unexplained: 2,
    survived: [expect.any(String)],
  });
});

describe('suspicion', () => {
  /** Of a message in trouble, until its worker has lived through all of its jobs. */
  test.each<[string, () => unknown]>([
    [
      'an outage of the ledger',
      () => {
        memory.beforeLedger = () => {
          throw throttled();
        };
      },
    ],
    [
      'an outage of Elasticsearch',
      () => {
        memory.beforeElastic = () => {
          throw new Error('gone');
        };
      },
    ],
    [
      'a run that had no time for all of its jobs',
      () => {
        const work = (jobId: JobId) => {
          memory.now += 4_000;
          return jobId;
        };
        const settings = { ...worker.settings, jobConcurrency: 1 };
        worker = memory.worker({ settings, job: { input: (id) => id, work } });
      },
    ],
  ])('outlives %s', async (_what, happen) => {
    happen();
    const batch = await deliver(delivery(first, 3));
    expect(batch.returned).toBe(1);
    const [sent] = memory.bodies('jobs');
    expect(sent?.returned?.unexplained).toBe(2);

    memory.beforeLedger = () => {};
    memory.beforeElastic = () => {};
    memory.now += 20_000;
    memory.calls.length = 0;
    worker = memory.worker();
    const next = await consume(worker, [delivery(sent as Message)], memory.now + 10_000);
    expect(batch.processed + next.processed).toBe(10);
    const leases = memory.transactions
      .flat()
      .flatMap(({ Put }) => (Put?.Item?.lease ? [Put.Item.lease] : []));
    expect(leases).toEqual([{ id: expect.any(String), until: memory.now + 10_000 }]);
  });
});

test('copies whose return SQS took without saying so are one more each time, and one again when it does', async () => {
  memory.beforeElastic = () => {
    throw new Error('gone');
  };
  memory.sqs.put('jobs', JSON.stringify(first));
  const pass = async () => {
    const copies = [...memory.sqs.copies('jobs')];
    const deliveries = copies.map(({ id, body }) => ({ id, body, receives: 1 }));
    const { returned, undelivered } = await consume(worker, deliveries, memory.now + 10_000);
    expect(returned).toBe(1);
    for (const copy of copies) if (!undelivered.includes(copy.id)) memory.sqs.remove('jobs', copy);
    memory.now += 16_000;
    return memory.bodies('jobs').length;
  };
  memory.answerQueue = (command) => {
    memory.sqs.execute(command);
    throw throttled();
  };
  for (let copies = 2; copies <= 11; copies++) expect(await pass()).toBe(copies);
  memory.answerQueue = (command) => memory.sqs.execute(command);
  expect(await pass()).toBe(1);
  expect(memory.bodies('jobs')).toMatchObject([{ returned: { times: 11 } }]);
});

test('a job that hangs alone is found out, though fresh messages take half of each worker’s time', async () => {
  vi.useFakeTimers({ now: NOW });
  try {
    Object.defineProperty(memory, 'now', { get: Date.now });
    const record = { ...newRecord(first), pending: [job(3)], isolated: true as const };
    await memory.writer('another').commit([{ message: first, record: newRecord(first) }], () => record);
    const work = (jobId: JobId) =>
      new Promise((resolve) => {
        if (jobId !== 3) setTimeout(resolve, 1_400, jobId);
      });
    worker = memory.worker({ job: { input: (id) => id, work } });
    let next: Message | undefined = { ...first, returned: { times: 1, notBefore: NOW } };
    let passes = 0;
    while (next && passes < 9) {
      const at = ++passes * 10 + 1;
      const fresh = message({ first: job(at), last: job(at + 9) });
      const batch = consume(worker, [delivery(fresh), delivery(next, 1, 'next')], Date.now() + 4_000);
      await vi.advanceTimersByTimeAsync(4_000);
      await batch;
      next = memory.bodies('jobs').find((one) => one.first === 1);
      for (const copy of [...memory.sqs.copies('jobs')]) memory.sqs.remove('jobs', copy);
    }
    // It is left with what is fresh until it was sent back five times; then it has all of its attempts.
    expect(passes).toBe(4 + worker.settings.maxAttempts);
    const [letter] = memory.sqs.copies('dead letters');
    expect(letter?.attributes?.reason?.StringValue).toMatch(/^not done within 3 s/);
  } finally {
    vi.useRealTimers();
  }
});

describe('what once went wrong', () => {
  const written = async (change: Partial<MessageRecord>) => {
    const record = newRecord(first);
    await memory.writer('another').commit([{ message: first, record }], () => ({ ...record, ...change }));
  };

  test('a lease that a worker survived and could not end is named, however many jobs of its message were to come', async () => {
    await written({ isolated: true });
    let writes = 0;
    memory.beforeLedger = (command) => {
      // The first job's lease is taken, and nothing is written after that.
      if (writesOf(command) && ++writes > 1) throw throttled();
    };
    await deliver(delivery(first, 2));
    const { lease } = (await readRecord(memory.table, first)) ?? {};
    expect(memory.bodies('jobs')[0]?.returned?.survived).toContain(lease?.id);
  });

  test.each<[string, Partial<Message>]>([
    ['is older than the ledger remembers', { enqueuedAt: 0 }],
    ['was sent back beyond counting', { returned: { times: Number.MAX_SAFE_INTEGER, notBefore: 0 } }],
    [
      'came back beyond counting',
      { returned: { times: 1, notBefore: 0, unexplained: Number.MAX_SAFE_INTEGER } },
    ],
  ])('a forged copy that %s takes nothing of the genuine message along', async (_what, forged) => {
    memory.beforeElastic = () => {
      throw new Error('gone');
    };
    await deliver(delivery({ ...first, ...forged }, 2, 'forged'), delivery(first, 2, 'genuine'));
    memory.beforeElastic = () => {};
    await deliver(...memory.bodies('jobs'), ...malformed());
    expect(await totals()).toEqual({ processed: 10, failed: 0 });

    /** What is in the queue and can't be read. */
    function malformed(): Delivery[] {
      const bodies = memory.sqs.copies('jobs').map(({ body }) => body);
      return bodies.filter((body) => 'malformed' in parseMessage(body)).map((body) => delivery(body));
    }
  });

  test('an old message whose record is forgotten while its jobs run is not begun anew', async () => {
    const DAY = 86_400_000;
    // Its record has expired, and DynamoDB takes days to delete it.
    memory.now = NOW - 2 * DAY;
    await written({ pending: [job(3)] });
    memory.now = NOW;
    memory.beforeLedger = (command) => {
      if (!writesOf(command)) return;
      memory.dynamo.expire(`MESSAGE#${messageKey(first)}`);
      memory.beforeLedger = () => {};
    };
    await deliver(delivery({ ...first, enqueuedAt: NOW - 3 * DAY }, 2));
    await deliver(...memory.bodies('jobs'));
    // Job 3 alone; the other nine were counted, and forgotten with the record.
    expect((await totals()).processed).toBeLessThanOrEqual(10);
  });

  /** Seconds of the invocation, receives of the message, a job on its last attempt, how long the others take. */
  test.each([
    ['a redelivery is looked up in a short invocation', 4, 2, 0, 0],
    ['a job is given up at the end of a long one', 30, 1, 3, 27_000],
  ])(
    'a batch ends in time when Elasticsearch never answers while %s',
    async (_when, seconds, receives, bad, ms) => {
      vi.useFakeTimers({ now: NOW });
      try {
        const hang = (_request: unknown, { requestTimeout = REQUEST_TIMEOUT_MS } = {}) =>
          new Promise((_, reject) => setTimeout(reject, requestTimeout, new Error('no answer')));
        const client = { bulk: hang, mget: hang, indices: { get: hang } } as unknown as Client;
        const work = (jobId: JobId) =>
          new Promise((resolve, reject) => {
            if (jobId === bad) reject(new Error('no'));
            else setTimeout(resolve, ms, jobId);
          });
        worker = memory.worker({
          clock: Date.now,
          results: { index: 'results', client },
          verifiedIndices: new Set(['results']),
          settings: { ...worker.settings, maxAttempts: 1 },
          job: { input: (id) => id, work },
        });
        const endsAt = NOW + seconds * 1_000;
        const ended = consume(worker, [delivery(first, receives)], endsAt).then(Date.now);
        await vi.advanceTimersByTimeAsync(60_000);
        expect(await ended).toBeLessThan(endsAt);
      } finally {
        vi.useRealTimers();
      }
    },
  );
});
