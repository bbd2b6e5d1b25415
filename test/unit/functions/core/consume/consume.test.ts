import type { Client } from '@elastic/elasticsearch';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { consume } from '../../../../../functions/core/consume/consume.ts';
import type { Delivery, Worker } from '../../../../../functions/core/consume/worker.ts';
import { readRecord } from '../../../../../functions/core/ledger/message-records.ts';
import { readTotals } from '../../../../../functions/core/ledger/totals.ts';
import type { JobId } from '../../../../../functions/core/model/ids.ts';
import { type Message, messageKey, parseMessage } from '../../../../../functions/core/model/message.ts';
import { readDeadLetter } from '../../../../../functions/core/queue/dead-letter.ts';
import { REQUEST_TIMEOUT_MS } from '../../../../../functions/core/results/client.ts';
import { mappingOf } from '../../../../../functions/core/results/mapping.ts';
import {
  cloudWithRun,
  cloudWithTick,
  delivery,
  failing,
  type InMemoryCloud,
  invalid,
  throttled,
  working,
  writesOf,
  writesRecord,
} from '../../../../fixtures/in-memory-cloud.ts';
import { job, jobs, message, messageFrom, NOW, RUN } from '../../../../fixtures/ledger.ts';

const [first, second, third] = [1, 11, 21].map((at) => messageFrom(at)) as [Message, Message, Message];

let cloud: InMemoryCloud;
let worker: Worker;

beforeEach(async () => {
  cloud = await cloudWithTick();
  worker = cloud.worker();
});

const deliver = (...messages: (Message | Delivery)[]) => cloud.consume(worker, ...messages);

const totals = async () => {
  const { processed, failed } = (await readTotals(cloud.table, RUN)) ?? {};
  return { processed, failed };
};

/** The first message that was sent back. */
const sentBack = () => cloud.messagesIn('jobs')[0] as Message;

const elasticsearchFails = (method?: string, index?: string) => {
  cloud.beforeElastic = (called, at) => {
    if (called === (method ?? called) && at === (index ?? at)) throw new Error('closed');
  };
};

test('stores any JSON, and gives up at once a job whose output cannot be stored', async () => {
  const documents: Record<string, unknown>[] = [];
  const bulk = async (request: { index: string; operations: string[] }) => {
    if (request.index !== 'results') return cloud.elastic.bulk(request);
    const lines = request.operations.filter((_, index) => index % 2 === 1);
    documents.push(...lines.map((line) => JSON.parse(line)));
    return { items: lines.map(() => ({ create: { status: 201 } })) };
  };
  const client = { ...worker.results.client, bulk } as unknown as Client;
  const outputs = [{ a: 1 }, [2], 'three', null, { 'five\0': 5 }];
  worker = cloud.worker({
    results: { ...worker.results, mapping: mappingOf({ list: false }), client },
    job: working((jobId) => (jobId <= outputs.length ? outputs[jobId - 1] : jobId)),
  });
  expect(await deliver(first)).toMatchObject({ processed: 9, failed: 1, failedAttempts: 1 });
  expect(
    documents.slice(0, 5).map(({ jobId, item, output, version }) => [jobId, item, output, version]),
  ).toEqual([
    [1, 1, { a: 1 }, 'v1'],
    [2, 2, { value: [2] }, 'v1'],
    [3, 3, { value: 'three' }, 'v1'],
    [4, 4, { value: null }, 'v1'],
    [6, 6, { value: 6 }, 'v1'],
  ]);
  const [letter] = cloud.sqs.copies('dead letters');
  expect(readDeadLetter(letter?.body ?? '', letter?.attributes as never, 1)).toMatchObject({ item: 5 });
  expect((await readRecord(cloud.table, first))?.attempts[5]?.reason).toMatch(
    /output cannot be stored: .*U\+0000/,
  );
});

test('writes a document for each job and counts it', async () => {
  expect(await deliver(first, second)).toEqual({
    jobs: [{ runId: RUN, tick: 1, firstJob: 1, lastJob: 20 }],
    processed: 20,
    failed: 0,
    failedAttempts: 0,
    skipped: 0,
    malformed: 0,
    returned: 0,
    undelivered: [],
    errors: [],
    ran: { jobs: 20, jobMs: 0, waitMs: 0 },
  });
  expect(await totals()).toEqual({ processed: 20, failed: 0 });
  expect(cloud.elastic.documents.size).toBe(20);
});

describe('measures how long jobs wait until their first attempt', () => {
  const waitOf = async (...messages: (Message | Delivery)[]) => (await deliver(...messages)).ran?.waitMs;

  test('from when they were enqueued, each batch and lately', async () => {
    cloud.now = NOW + 5_000;
    expect(await waitOf(first)).toBe(5_000);
    cloud.now = NOW + 7_000;
    expect(await waitOf(second)).toBe(7_000);
    const { timing } = (await readTotals(cloud.table, RUN)) ?? {};
    expect(timing?.waitMs).toBeGreaterThan(5_900);
    expect(timing?.waitMs).toBeLessThan(6_100);
  });

  test('from when they were due, if the tick is spread', async () => {
    const spread = await cloudWithRun();
    await spread.claimTick({ spreadMs: 100_000 });
    cloud = spread;
    worker = spread.worker();
    // Job 11 of 100 is due after ten seconds; SQS delivers it then.
    cloud.now = NOW + 12_000;
    expect(await waitOf(second)).toBe(2_000);
  });

  test('and not until a retry, the end of an outage, or a delivery after a death', async () => {
    worker = cloud.worker({ job: failing(1) });
    expect(await waitOf(first)).toBe(0);
    cloud.now = NOW + 60_000;
    worker = cloud.worker();
    expect((await deliver(sentBack())).ran).toMatchObject({ jobs: 1 });
    expect(await waitOf(delivery(second, 2))).toBeUndefined();
    expect(await waitOf({ ...third, returned: { times: 1, notBefore: 0 } })).toBeUndefined();
    expect((await readTotals(cloud.table, RUN))?.timing).not.toHaveProperty('waitMs');
  });
});

describe('a problem with one message does not affect the others', () => {
  test('when DynamoDB refuses its record, only that message is sent back', async () => {
    cloud.beforeLedger = (command) => {
      if (writesRecord(command, third)) throw invalid();
    };
    const batch = await deliver(first, second, third);
    expect(batch).toMatchObject({ processed: 20, failed: 0, returned: 1, undelivered: [] });
    expect(batch.errors).toEqual([expect.objectContaining({ name: 'ValidationException' })]);
    expect(batch).not.toHaveProperty('outage');
    expect(await totals()).toEqual({ processed: 20, failed: 0 });
    expect(cloud.messagesIn('jobs')).toEqual([{ ...third, returned: { times: 1, notBefore: NOW + 1_000 } }]);

    cloud.beforeLedger = () => {};
    cloud.now = NOW + 1_000;
    await deliver(sentBack());
    expect(await totals()).toEqual({ processed: 30, failed: 0 });
  });

  test('when its record cannot be read, it is sent back and its jobs do not run', async () => {
    cloud.beforeLedger = (command) => {
      const { Key } = (command as { input: { Key?: { pk: string } } }).input;
      if (Key?.pk.includes(messageKey(first))) throw throttled();
    };
    const onJob = vi.fn();
    worker = cloud.worker({ onJob });
    const batch = await deliver(delivery(first, 2, 'first'), second);
    expect(batch).toMatchObject({ processed: 10, returned: 1, outage: { service: 'ledger' }, errors: [] });
    expect(onJob).toHaveBeenCalledTimes(10);
  });

  test('a malformed message becomes a dead letter', async () => {
    expect(await deliver(delivery('hello', 1, 'bad'), first)).toMatchObject({ processed: 10, malformed: 1 });
    expect(cloud.sqs.copies('dead letters')).toMatchObject([{ body: 'hello' }]);
  });

  test('what SQS takes neither as a dead letter nor back is left to its visibility timeout', async () => {
    cloud.answerQueue = () => {
      throw throttled();
    };
    worker = cloud.worker({ job: failing(11) });
    const batch = await deliver(delivery('hello', 1, 'bad'), first, delivery(second, 1, 'second'));
    expect(batch).toMatchObject({ processed: 19, malformed: 0, undelivered: ['bad', 'second'] });
    expect(batch.outage?.service).toBe('queue');
  });

  test.each([
    ['is closed', undefined],
    ['refuses writes', 'bulk'],
  ])('when its index %s, messages of another index are processed', async (_what, method) => {
    const other = { tick: 2, firstJob: job(101), dueAt: NOW + 300_000, index: { name: 'other' } };
    await cloud.claimTick(other);
    const again = (first: number, tick: number, receives = 1) => {
      const returned = { times: 49, notBefore: NOW };
      return delivery(messageFrom(first, 10, { tick, returned }), receives, `${first}`);
    };
    elasticsearchFails(method, 'results');
    const ran: JobId[] = [];
    worker = cloud.worker({ job: failing(115), onJob: ({ task }) => ran.push(task.jobId) });
    const batch = await deliver(again(1, 1), again(101, 2), again(111, 2), again(11, 1, 3), again(121, 2, 3));
    expect(batch).toMatchObject({ processed: 29, failedAttempts: 1, returned: 3, errors: [] });
    expect(batch.outage?.service).toBe('results');
    const sent = cloud.messagesIn('jobs').map(({ first, returned }) => ({
      first,
      delay: ((returned?.notBefore ?? 0) - NOW) / 1_000,
      unexplained: returned?.unexplained,
    }));
    expect(sent.sort((a, b) => a.first - b.first)).toEqual([
      { first: 1, delay: 16 },
      { first: 11, delay: 16, unexplained: 2 },
      { first: 111, delay: 2 },
    ]);
    // Once the problem is known, no job runs whose document belongs in that index.
    expect(ran.filter((job) => job <= 100)).toHaveLength(method ? 10 : 0);
  });

  test('a result that can be serialized only once costs its own job an attempt', async () => {
    let calls = 0;
    const toJSON = () => {
      if (++calls > 1) throw new Error('only once');
      return 7;
    };
    worker = cloud.worker({ job: working((id) => (id === 3 ? { toJSON } : id)) });
    expect(await deliver(first, second)).toMatchObject({
      ...{ processed: 19, failed: 0, failedAttempts: 1, returned: 1, errors: [] },
    });
    expect((await readRecord(cloud.table, first))?.attempts).toMatchObject({ 3: { count: 1 } });
  });
});

test('retries a job that fails, gives it up after its last attempt, and counts it when its dead letter succeeds', async () => {
  worker = cloud.worker({ job: failing(3) });
  expect(await deliver(first)).toMatchObject({ processed: 9, failed: 0, failedAttempts: 1, returned: 1 });
  expect(await deliver(...cloud.messagesIn('jobs'))).toMatchObject({
    ...{ processed: 0, failed: 1, failedAttempts: 1, skipped: 9, returned: 0 },
  });
  expect(await totals()).toEqual({ processed: 9, failed: 1 });
  const deadLetters = cloud.messagesIn('dead letters');
  expect(deadLetters).toMatchObject([{ first: 1, last: 10, retry: { jobs: [3] } }]);

  worker = cloud.worker();
  expect(await deliver(...deadLetters)).toMatchObject({ processed: 1, failed: -1 });
  expect(await totals()).toEqual({ processed: 10, failed: 0 });
});

test('does not count a job as failed before its dead letter is kept', async () => {
  worker = cloud.worker({ job: failing(3), settings: { ...worker.settings, maxAttempts: 1 } });
  cloud.answerQueue = (command, url) => {
    if (url === 'dead letters') throw throttled();
    return cloud.sqs.execute(command);
  };
  expect(await deliver(first)).toMatchObject({ processed: 9, failed: 0, returned: 1 });
  expect(await totals()).toEqual({ processed: 9, failed: 0 });
});

describe('the document of a dead letter', () => {
  const DEAD_LETTERS = 'results.dead-letters';
  /** The documents of dead letters, by jobId. */
  const written = () => Object.fromEntries(cloud.elastic.deadLetters);
  /** Elasticsearch's answer to each operation on the index of dead letters: an old key, or no room. */
  const answering = (status: number) => {
    const bulk = async (request: { index: string; operations: string[] }) => {
      if (request.index !== DEAD_LETTERS) return cloud.elastic.bulk(request);
      const [action] = Object.keys(Object(request.operations[0]));
      return { items: request.operations.map(() => ({ [String(action)]: { status } })) };
    };
    return { ...worker.results, client: { ...worker.results.client, bulk } as unknown as Client };
  };
  const once = () => ({ ...worker.settings, maxAttempts: 1 });

  test('has all that the dead letter says, is written before the job is counted, and goes when a retry succeeds', async () => {
    worker = cloud.worker({ job: failing(3), settings: once() });
    let before: object = {};
    cloud.answerQueue = (command, url) => {
      if (url === 'dead letters') before = written();
      return cloud.sqs.execute(command);
    };
    expect(await deliver(first)).toMatchObject({ processed: 9, failed: 1 });
    const at = new Date(NOW).toISOString();
    const times = { firstFailedAt: at, lastFailedAt: at, givenUpAt: at };
    const what = { message: { first: 1, last: 10 }, item: 3, reason: 'job 3', attempts: 1, permanent: false };
    expect(written()).toEqual({ 3: { jobId: 3, runId: RUN, tick: 1, ...what, ...times } });
    expect(before).toEqual(written());

    worker = cloud.worker();
    const [letter] = cloud.messagesIn('dead letters');
    cloud.beforeElastic = (_, index) => {
      if (index === DEAD_LETTERS) throw new Error('closed');
    };
    // While it cannot be deleted, its job is not counted as processed.
    expect(await deliver(letter as Message)).toMatchObject({ processed: 0, returned: 1 });
    cloud.beforeElastic = () => {};
    expect(await deliver(letter as Message)).toMatchObject({ processed: 1, failed: -1 });
    expect(written()).toEqual({});
  });

  test('is replaced when a retry fails', async () => {
    worker = cloud.worker({ job: failing(3), settings: once() });
    await deliver(first);
    cloud.now += 60_000;
    expect(await deliver(...cloud.messagesIn('dead letters'))).toMatchObject({ processed: 0, failed: 0 });
    expect(written()).toMatchObject({ 3: { givenUpAt: new Date(NOW + 60_000).toISOString() } });
  });

  test.each([
    ['a key without the privilege', 403],
    ['a document that does not fit', 400],
    ['a document that is too large', 413],
  ])('is no condition for giving up a job or counting its success: %s', async (_, status) => {
    worker = cloud.worker({ job: failing(3), settings: once(), results: answering(status) });
    const refused = { undocumented: expect.stringContaining(`${status}`), undelivered: [] };
    expect(await deliver(first)).toMatchObject({ processed: 9, failed: 1, ...refused });
    worker = cloud.worker({ results: answering(status) });
    const retried = await deliver(...cloud.messagesIn('dead letters'));
    expect(retried).toMatchObject({ processed: 1, failed: -1, ...refused });
  });

  test('is waited for during an outage, and other jobs of the message are counted', async () => {
    for (const status of [401, 429, 503]) {
      cloud = await cloudWithTick();
      worker = cloud.worker({ job: failing(3), settings: once() });
      worker = cloud.worker({ job: failing(3), settings: once(), results: answering(status) });
      expect(await deliver(first)).toMatchObject({ processed: 9, failed: 0, returned: 1 });
      expect(cloud.messagesIn('dead letters')).toEqual([]);
    }
  });

  test('costs jobs that do not fail no request', async () => {
    const indices = new Set<string>();
    cloud.beforeElastic = (_, index) => indices.add(index);
    await deliver(first, delivery(second, 2));
    expect([...indices]).toEqual(['results']);
  });
});

describe('a suspect message', () => {
  test('has its jobs run one by one, each under a lease, when its lease outlived the worker', async () => {
    await cloud.writeRecord({ lease: { id: 'a', until: NOW } });
    const leases: unknown[] = [];
    cloud.beforeLedger = (command) => {
      for (const { Put } of writesOf(command) ?? []) leases.push(Put?.Item?.lease?.job);
    };
    expect(await deliver(delivery(first, 2))).toMatchObject({ processed: 10, returned: 0 });
    expect(leases.filter(Boolean)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test.each([
    ['a job fails', () => {}, 9],
    ['Elasticsearch refuses the documents', () => elasticsearchFails('bulk'), 0],
  ])(
    'is no longer suspect after a worker survives all its jobs, even if %s',
    async (_what, arrange, processed) => {
      arrange();
      worker = cloud.worker({ job: failing(3) });
      expect(await deliver(delivery(first, 3))).toMatchObject({ processed, returned: 1 });
      expect(sentBack().returned).toEqual({ times: 1, notBefore: expect.any(Number) });
      expect(await readRecord(cloud.table, first)).not.toHaveProperty('lease');
    },
  );

  test.each<[string, () => unknown]>([
    [
      'the ledger is unavailable',
      () => {
        cloud.beforeLedger = () => {
          throw throttled();
        };
      },
    ],
    ['Elasticsearch is unavailable', () => elasticsearchFails()],
    [
      'there is no time for all its jobs',
      () => {
        const settings = { ...worker.settings, jobConcurrency: 1 };
        const job = working((jobId) => {
          cloud.now += 4_000;
          return jobId;
        });
        worker = cloud.worker({ settings, job });
      },
    ],
  ])('stays suspect when %s', async (_what, arrange) => {
    arrange();
    const batch = await deliver(delivery(first, 3));
    expect(batch.returned).toBe(1);
    expect(sentBack().returned?.unexplained).toBe(2);

    cloud.beforeLedger = cloud.beforeElastic = () => {};
    cloud.now += 20_000;
    cloud.calls.length = 0;
    worker = cloud.worker();
    expect(batch.processed + (await deliver(sentBack())).processed).toBe(10);
    const leases = cloud.transactions.flat().flatMap(({ Put }) => Put?.Item?.lease ?? []);
    expect(leases).toEqual([{ id: expect.any(String), until: cloud.now + 10_000 }]);
  });

  test('names the surviving lease when sent back, even if another delivery changed the record meanwhile', async () => {
    let writes = 0;
    const another = cloud.writer('another');
    cloud.beforeLedger = async (command) => {
      if (!writesRecord(command, first)) return;
      if (++writes === 2) {
        const record = await readRecord(cloud.table, first);
        if (record) await another.commit([{ message: first, record }], () => ({ ...record, isolated: true }));
      }
      // The lease, the first try to write the outcomes, and the other delivery's write succeed; the second try fails.
      if (writes > 3) throw throttled();
    };
    await deliver(delivery(first, 3));
    expect(sentBack().returned).toMatchObject({ unexplained: 2, survived: [expect.any(String)] });
  });

  test('names the surviving lease when sent back, even if other jobs of the message did not start', async () => {
    await cloud.writeRecord({ isolated: true });
    let writes = 0;
    cloud.beforeLedger = (command) => {
      // The first job's lease is written, and nothing after it.
      if (writesOf(command) && ++writes > 1) throw throttled();
    };
    await deliver(delivery(first, 2));
    const { lease } = (await readRecord(cloud.table, first)) ?? {};
    expect(sentBack().returned?.survived).toContain(lease?.id);
  });
});

test('copies multiply by one with each return that SQS takes without an answer, and merge when it answers again', async () => {
  elasticsearchFails();
  cloud.sqs.put('jobs', JSON.stringify(first));
  const deliverAll = async () => {
    const copies = [...cloud.sqs.copies('jobs')];
    const { returned, undelivered } = await deliver(...copies.map(({ id, body }) => delivery(body, 1, id)));
    expect(returned).toBe(1);
    for (const copy of copies) if (!undelivered.includes(copy.id)) cloud.sqs.remove('jobs', copy);
    cloud.now += 16_000;
    return cloud.messagesIn('jobs').length;
  };
  cloud.answerQueue = (command) => {
    cloud.sqs.execute(command);
    throw throttled();
  };
  for (let copies = 2; copies <= 11; copies++) expect(await deliverAll()).toBe(copies);
  cloud.answerQueue = (command) => cloud.sqs.execute(command);
  expect(await deliverAll()).toBe(1);
  expect(sentBack()).toMatchObject({ returned: { times: 11 } });
});

test.each<[string, Partial<Message>]>([
  ['says that the message is older than any record’s records', { enqueuedAt: 0 }],
  ['says a huge number of returns', { returned: { times: Number.MAX_SAFE_INTEGER, notBefore: 0 } }],
  [
    'says a huge number of unexplained returns',
    { returned: { times: 1, notBefore: 0, unexplained: Number.MAX_SAFE_INTEGER } },
  ],
])('a forged copy that %s does not affect the genuine message', async (_what, forged) => {
  elasticsearchFails();
  await deliver(delivery({ ...first, ...forged }, 2, 'forged'), delivery(first, 2, 'genuine'));
  cloud.beforeElastic = () => {};
  const bodies = cloud.sqs.copies('jobs').map(({ body }) => body);
  const malformed = bodies.filter((body) => 'malformed' in parseMessage(body)).map((body) => delivery(body));
  await deliver(...cloud.messagesIn('jobs'), ...malformed);
  expect(await totals()).toEqual({ processed: 10, failed: 0 });
});

test('an old message whose record expires while its jobs run does not start again', async () => {
  const DAY = 86_400_000;
  // The record has expired, but DynamoDB takes days to delete it.
  cloud.now = NOW - 2 * DAY;
  await cloud.writeRecord({ pending: jobs(3) });
  cloud.now = NOW;
  cloud.beforeLedger = (command) => {
    if (!writesOf(command)) return;
    cloud.dynamo.expire(`MESSAGE#${messageKey(first)}`);
    cloud.beforeLedger = () => {};
  };
  await deliver(delivery({ ...first, enqueuedAt: NOW - 3 * DAY }, 2));
  await deliver(...cloud.messagesIn('jobs'));
  // Job 3 alone is counted; the other nine were counted before, and forgotten with the record.
  expect((await totals()).processed).toBeLessThanOrEqual(10);
});

describe('with a running clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW });
    Object.defineProperty(cloud, 'now', { get: Date.now });
    return () => void vi.useRealTimers();
  });

  test('gives up a job that hangs in isolation, even if fresh messages take half of each worker’s time', async () => {
    await cloud.writeRecord({ pending: jobs(3), isolated: true });
    const job = working((jobId) => new Promise((end) => jobId !== 3 && setTimeout(end, 1_400, jobId)));
    worker = cloud.worker({ job });
    let next: Message | undefined = message({ returned: { times: 1, notBefore: NOW } });
    let batches = 0;
    while (next && batches < 9) {
      const fresh = messageFrom(++batches * 10 + 1);
      const batch = consume(worker, [delivery(fresh), delivery(next, 1, 'next')], Date.now() + 4_000);
      await vi.advanceTimersByTimeAsync(4_000);
      await batch;
      next = cloud.messagesIn('jobs').find((one) => one.first === 1);
      for (const copy of [...cloud.sqs.copies('jobs')]) cloud.sqs.remove('jobs', copy);
    }
    // After five returns its isolated jobs come first, and it has time for all its attempts.
    expect(batches).toBe(4 + worker.settings.maxAttempts);
    const [deadLetter] = cloud.sqs.copies('dead letters');
    expect(deadLetter?.attributes?.reason?.StringValue).toMatch(/^not done within 3 s/);
  });

  test.each([
    { when: 'looks up a redelivery in a short invocation', seconds: 4, receives: 2, failed: 0, jobMs: 0 },
    { when: 'gives up a job late in a long one', seconds: 30, receives: 1, failed: 3, jobMs: 27_000 },
  ])(
    'ends in time if Elasticsearch never answers while it $when',
    async ({ seconds, receives, failed, jobMs }) => {
      const hang = (_request: unknown, { requestTimeout = REQUEST_TIMEOUT_MS } = {}) =>
        new Promise((_, reject) => setTimeout(reject, requestTimeout, new Error('no answer')));
      const client = { bulk: hang, mget: hang, indices: { get: hang } } as unknown as Client;
      worker = cloud.worker({
        clock: Date.now,
        results: { ...worker.results, client },
        verifiedIndices: new Set(['results']),
        settings: { ...worker.settings, maxAttempts: 1 },
        job: working(
          (jobId) =>
            new Promise((resolve, reject) => {
              if (jobId === failed) reject(new Error('no'));
              else setTimeout(resolve, jobMs, jobId);
            }),
        ),
      });
      const endsAt = NOW + seconds * 1_000;
      const ended = consume(worker, [delivery(first, receives)], endsAt).then(Date.now);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(await ended).toBeLessThan(endsAt);
    },
  );
});
