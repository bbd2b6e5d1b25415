import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { type MessageState, readBatch } from '../../../../../functions/core/consume/read-batch.ts';
import type { Delivery, Worker } from '../../../../../functions/core/consume/worker.ts';
import type { Returned } from '../../../../../functions/core/model/message.ts';
import { newRecord, openJobs } from '../../../../../functions/core/model/message-record.ts';
import {
  cloudWithTick,
  delivery,
  type InMemoryCloud,
  throttled,
} from '../../../../fixtures/in-memory-cloud.ts';
import { DAY_SECONDS, jobs, message, messageFrom, NOW } from '../../../../fixtures/ledger.ts';

let cloud: InMemoryCloud;
let worker: Worker;

beforeEach(async () => {
  cloud = await cloudWithTick();
  worker = cloud.worker();
});

const read = (...deliveries: Delivery[]) => readBatch(worker, deliveries);
const second = messageFrom(11);
const returned = (change: Partial<Returned> = {}) =>
  message({ returned: { times: 1, notBefore: NOW, ...change } });
const retry = (round: number, ...numbers: number[]) => message({ retry: { round, jobs: jobs(...numbers) } });

const keysRead = () =>
  cloud.calls.flatMap((call) => (call instanceof GetCommand ? [call.input.Key?.sk] : []));

describe('the record', () => {
  test('of a first delivery is taken for new, and not read', async () => {
    await cloud.writeRecord({ pending: [] });
    const { states } = await read(delivery(message()), delivery(second));
    expect(states.map(({ record, redelivered }) => [record, redelivered])).toEqual([
      [newRecord(message()), false],
      [newRecord(second), false],
    ]);
    // Only the tick is read, and only once.
    expect(keysRead()).toEqual(['TICK#000000001']);
  });

  test.each([
    ['a second delivery', [delivery(message(), 2)]],
    ['a message that was sent back', [delivery(returned())]],
    ['two copies of a message', [delivery(message(), 1, 'a'), delivery(message(), 1, 'b')]],
    ['a retry', [delivery(retry(1, 3))]],
    ['a message and its retry', [delivery(message(), 1, 'a'), delivery(retry(1, 3), 1, 'b')]],
  ])('is read for %s', async (_what, deliveries) => {
    await cloud.writeRecord({ pending: jobs(3) });
    const { states } = await read(...deliveries);
    expect(states).toMatchObject([{ record: { version: 1, pending: [3] }, redelivered: true }]);
    expect(keysRead()).toEqual(['TICK#000000001', 'MESSAGE']);
  });

  test('of a redelivery that no worker has written is new', async () => {
    const { states } = await read(delivery(message(), 2));
    expect(states).toMatchObject([{ record: newRecord(message()), redelivered: true }]);
  });
});

test('copies of a message and its retries become one state, with the newest round of each job', async () => {
  await cloud.writeRecord({ failed: jobs(3, 4), pending: [] });
  const { states } = await read(
    delivery(message(), 1, 'a'),
    delivery(message(), 3, 'b'),
    delivery(retry(9, 4, 5), 1, 'c'),
    delivery(retry(7, 3, 4), 1, 'd'),
    delivery(second, 1, 'e'),
  );
  const idsOf = ({ requests }: MessageState) =>
    requests.map(({ deliveries }) => deliveries.map(({ id }) => id));
  expect(states.map(idsOf)).toEqual(expect.arrayContaining([[['a', 'b'], ['c'], ['d']], [['e']]]));
  const state = states.find(({ requests }) => requests.length === 3);
  const rounds = Object.entries({ 3: 7, 4: 9, 5: 9 }).map(([job, round]) => [Number(job), round] as const);
  expect(state?.requested).toEqual({ all: true, rounds: new Map(rounds) });
  expect(state?.index).toEqual({ name: 'results' });
});

test('unexplained returns are all receives but the first, plus the maximum that a copy was returned with', async () => {
  const cases: [unexplained: number, ...Delivery[]][] = [
    [0, delivery(message())],
    [2, delivery(message(), 3)],
    [2, delivery(message(), 1, 'a'), delivery(message(), 3, 'b')],
    [0, delivery(returned({ times: 100 }))],
    [4, delivery(returned({ unexplained: 3 }), 2)],
    [3, delivery(returned({ unexplained: 1 }), 1, 'a'), delivery(returned({ unexplained: 3 }), 1, 'b')],
  ];
  for (const [unexplained, ...deliveries] of cases)
    expect((await read(...deliveries)).states).toMatchObject([{ unexplained }]);
});

test('the leases that were survived are those of all copies', async () => {
  const copies = [returned({ survived: ['a', 'b'] }), returned({ times: 2, survived: ['c'] }), message()];
  const { states } = await read(...copies.map((copy) => delivery(copy)));
  expect(states).toMatchObject([{ survived: ['a', 'b', 'c'] }]);
});

describe('a message that is early', () => {
  const MINUTE = 60_000;
  const HALF_A_DAY = 12 * 60 * MINUTE;
  const waiting = (ms: number) => returned({ notBefore: NOW + ms, unexplained: 1, survived: ['a'] });

  test('is not looked up', async () => {
    const early = waiting(MINUTE + 1);
    const { states } = await read(delivery(early, 2), delivery(second));
    expect(states).toContainEqual({
      message: early,
      requests: [{ message: early, deliveries: [delivery(early, 2)] }],
      requested: { all: true, rounds: new Map() },
      record: newRecord(early),
      index: { name: '' },
      ...{ redelivered: true, unexplained: 2, survived: ['a'], notBefore: NOW + MINUTE + 1 },
    });
    expect(states).toContainEqual(expect.objectContaining({ message: second, notBefore: 0 }));
    cloud.calls.length = 0;
    await readBatch(cloud.worker(), [delivery(early)]);
    expect(cloud.calls).toEqual([]);
  });

  test('waits until its earliest copy is due, if that is more than clock skew and less than the longest wait', async () => {
    const cases: [waitMs: number, ...Delivery[]][] = [
      [0, delivery(waiting(MINUTE))],
      [HALF_A_DAY - 1, delivery(waiting(HALF_A_DAY - 1))],
      [0, delivery(waiting(HALF_A_DAY))],
      [0, delivery(waiting(8.64e15 - NOW))],
      [0, delivery(waiting(2 * MINUTE)), delivery(message(), 1, 'b')],
      [2 * MINUTE, delivery(waiting(3 * MINUTE)), delivery(waiting(2 * MINUTE), 1, 'b')],
    ];
    for (const [waitMs, ...deliveries] of cases)
      expect((await read(...deliveries)).states).toMatchObject([
        { notBefore: waitMs && NOW + waitMs, index: { name: waitMs > 0 ? '' : 'results' } },
      ]);
  });
});

test('a message waits for the lease of another delivery, unless the lease is over or its holder survived', async () => {
  const lease = { id: 'a', until: NOW + 30_000 };
  await cloud.writeRecord({ lease });
  const notBefore = async (change: Partial<Returned> = {}) => {
    const { states } = await read(delivery(returned(change), 2));
    expect(states).toMatchObject([{ record: { lease } }]);
    return states[0]?.notBefore;
  };
  expect(await notBefore()).toBe(lease.until);
  expect(await notBefore({ survived: ['b'] })).toBe(lease.until);
  expect(await notBefore({ survived: ['a'] })).toBe(0);
  cloud.now = lease.until;
  expect(await notBefore()).toBe(0);
});

describe('a message is malformed', () => {
  const old = NOW - DAY_SECONDS * 1_000 - 1;

  test.each<[string, Delivery, RegExp]>([
    ['is no message', delivery('hello'), /^the message is not JSON$/],
    ['belongs to no tick', delivery(message({ tick: 2 })), /^no tick .* jobs 1–10 /],
    ['has borders that no message of its tick has', delivery(messageFrom(1, 9)), /^no tick .* jobs 1–9 /],
    [
      'is older than the ledger’s records',
      delivery(message({ enqueuedAt: old })),
      /^the message is older than /,
    ],
    ['is a retry whose record is gone', delivery(retry(1, 3)), /^the job’s record has expired/],
  ])('if it %s', async (_what, bad, reason) => {
    const batch = await read(bad, { ...bad, id: 'copy' }, delivery(second, 1, 'good'));
    expect(batch.malformed.map(({ delivery }) => delivery.id)).toEqual(['delivery', 'copy']);
    for (const one of batch.malformed) expect(one.reason).toMatch(reason);
    expect(batch.states).toMatchObject([{ message: second }]);
  });

  test('but not if it is only as old as the ledger’s records, or the ledger still has its record', async () => {
    expect((await read(delivery({ ...second, enqueuedAt: old + 1 }))).states).toHaveLength(1);
    await cloud.writeRecord({ failed: jobs(3), pending: jobs(4) });
    for (const [known, open] of [
      [message(), jobs(4)],
      [retry(1, 3), jobs(3)],
    ] as const) {
      const { states, malformed } = await read(delivery({ ...known, enqueuedAt: old }));
      expect(malformed).toEqual([]);
      expect(states.map(({ record, requested }) => openJobs(record, requested))).toEqual([open]);
    }
  });
});

test('a message that DynamoDB cannot be asked for is in problem, stays suspect, and does not affect the others', async () => {
  cloud.beforeLedger = (command) => {
    if (command instanceof GetCommand && String(command.input.Key?.pk).includes('#1-10')) throw throttled();
  };
  const suspect = returned({ unexplained: 2, survived: ['a'] });
  const { states, malformed } = await read(
    delivery(suspect, 1, 'a'),
    delivery(message(), 2, 'b'),
    delivery(second, 2, 'c'),
  );
  expect(states).toHaveLength(2);
  expect(states.find(({ problem }) => problem)).toMatchObject({
    requests: [{ message: suspect }, { message: message() }],
    record: newRecord(message()),
    problem: { service: 'ledger' },
    ...{ unexplained: 3, survived: ['a'], notBefore: 0 },
  });
  expect(states.find(({ problem }) => !problem)).toMatchObject({ message: second });
  expect(malformed).toEqual([]);
});

test('no more messages are looked up at a time than the SDK has connections for', async () => {
  let open = 0;
  let maxOpen = 0;
  cloud.beforeLedger = async () => {
    maxOpen = Math.max(maxOpen, ++open);
    await new Promise(setImmediate);
    open--;
  };
  const many = Array.from({ length: 100 }, (_, at) => delivery(message({ tick: 2 + at }), 2, String(at)));
  expect((await read(...many)).malformed).toHaveLength(100);
  expect(maxOpen).toBeGreaterThan(10);
  expect(maxOpen).toBeLessThan(50);
});
