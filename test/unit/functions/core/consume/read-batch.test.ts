import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { readBatch } from '../../../../../functions/core/consume/read-batch.ts';
import type { Delivery, Worker } from '../../../../../functions/core/consume/worker.ts';
import type { Returned } from '../../../../../functions/core/model/message.ts';
import {
  type MessageRecord,
  newRecord,
  openJobs,
} from '../../../../../functions/core/model/message-record.ts';
import { delivery, type Memory, memoryWithTick, throttled } from '../../memory.ts';
import { job, jobs, message, NOW } from '../../samples.ts';

const DAY = 86_400_000;

let memory: Memory;
let worker: Worker;

beforeEach(async () => {
  memory = await memoryWithTick();
  worker = memory.worker();
});

const read = (...deliveries: Delivery[]) => readBatch(worker, deliveries);
const second = message({ first: job(11), last: job(20) });
const returned = (change: Partial<Returned> = {}) =>
  message({ returned: { times: 1, notBefore: NOW, ...change } });
const retry = (round: number, ...numbers: number[]) => message({ retry: { round, jobs: jobs(...numbers) } });

/** Writes a record of the first message. */
async function written(change: Partial<MessageRecord>): Promise<void> {
  const first = message();
  const record = newRecord(first);
  await memory.writer('another').commit([{ message: first, record }], () => ({ ...record, ...change }));
  memory.calls.length = 0;
}

const keysRead = () =>
  memory.calls.flatMap((call) => (call instanceof GetCommand ? [call.input.Key?.sk] : []));

describe('the record', () => {
  test('of a first delivery is new, and not read from the table', async () => {
    await written({ pending: [] });
    const { states } = await read(delivery(message()), delivery(second));
    expect(states.map(({ record, redelivered }) => [record, redelivered])).toEqual([
      [newRecord(message()), false],
      [newRecord(second), false],
    ]);
    // But for the tick, which is asked for once.
    expect(keysRead()).toEqual(['TICK#000000001']);
  });

  test.each([
    ['a second delivery', [delivery(message(), 2)]],
    ['a message that was sent back', [delivery(returned())]],
    ['two copies of one message', [delivery(message(), 1, 'a'), delivery(message(), 1, 'b')]],
    ['a retry', [delivery(retry(1, 3))]],
    ['a message beside its retry', [delivery(message(), 1, 'a'), delivery(retry(1, 3), 1, 'b')]],
  ])('is read for %s', async (_what, deliveries) => {
    await written({ pending: jobs(3) });
    const { states } = await read(...deliveries);
    expect(states).toMatchObject([{ record: { version: 1, pending: [3] }, redelivered: true }]);
    expect(keysRead()).toEqual(['TICK#000000001', 'MESSAGE']);
  });

  test('of a redelivery that nobody has worked on is new', async () => {
    const { states } = await read(delivery(message(), 2));
    expect(states).toMatchObject([{ record: newRecord(message()), redelivered: true }]);
  });
});

test('copies of a message and retries of it are one state, with the newest round of each job', async () => {
  await written({ failed: jobs(3, 4), pending: [] });
  const { states } = await read(
    delivery(message(), 1, 'a'),
    delivery(message(), 3, 'b'),
    delivery(retry(9, 4, 5), 1, 'c'),
    delivery(retry(7, 3, 4), 1, 'd'),
    delivery(second, 1, 'e'),
  );
  expect(
    states.map(({ requests }) => requests.map(({ deliveries }) => deliveries.map(({ id }) => id))),
  ).toEqual(expect.arrayContaining([[['a', 'b'], ['c'], ['d']], [['e']]]));
  const state = states.find(({ requests }) => requests.length === 3);
  expect(state?.requested).toEqual({
    all: true,
    rounds: new Map([
      [4, 9],
      [5, 9],
      [3, 7],
    ]),
  });
  expect(state?.index).toEqual({ name: 'results' });
});

describe('suspicion', () => {
  test.each<[string, Delivery[], number]>([
    ['nothing for a first receive', [delivery(message())], 0],
    ['each receive but the first', [delivery(message(), 3)], 2],
    ['the most of any copy', [delivery(message(), 1, 'a'), delivery(message(), 3, 'b')], 2],
    ['nothing for being sent back', [delivery(returned({ times: 100 }))], 0],
    ['what was sent back as well', [delivery(returned({ unexplained: 3 }), 2)], 4],
    [
      'what the most suspect copy was sent back with',
      [delivery(returned({ unexplained: 1 }), 1, 'a'), delivery(returned({ unexplained: 3 }), 1, 'b')],
      3,
    ],
  ])('counts %s', async (_what, deliveries, unexplained) => {
    const { states } = await read(...deliveries);
    expect(states).toMatchObject([{ unexplained }]);
  });

  test('names the leases that were survived, of all copies', async () => {
    const copies = [returned({ survived: ['a', 'b'] }), returned({ times: 2, survived: ['c'] }), message()];
    const { states } = await read(...copies.map((copy) => delivery(copy)));
    expect(states).toMatchObject([{ survived: ['a', 'b', 'c'] }]);
  });
});

describe('a message that is too early', () => {
  const MINUTE = 60_000;
  const HALF_A_DAY = 12 * 60 * MINUTE;
  const waiting = (ms: number) => returned({ notBefore: NOW + ms, unexplained: 1, survived: ['a'] });

  test('is not looked up, and is as it came', async () => {
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
    memory.calls.length = 0;
    await readBatch(memory.worker(), [delivery(early)]);
    expect(memory.calls).toEqual([]);
  });

  test.each<[string, Delivery[], number]>([
    ['is not one that is early by no more than clocks may differ', [delivery(waiting(MINUTE))], 0],
    ['waits for as long as a retry may', [delivery(waiting(HALF_A_DAY - 1))], NOW + HALF_A_DAY - 1],
    ['is not one that says a longer wait than any', [delivery(waiting(HALF_A_DAY))], 0],
    ['is not one that says the last moment of all', [delivery(waiting(8.64e15 - NOW))], 0],
    ['is not one with a copy that is due', [delivery(waiting(2 * MINUTE)), delivery(message(), 1, 'b')], 0],
    [
      'waits no longer than the copy that is due first',
      [delivery(waiting(3 * MINUTE)), delivery(waiting(2 * MINUTE), 1, 'b')],
      NOW + 2 * MINUTE,
    ],
  ])('%s', async (_what, deliveries, notBefore) => {
    const { states } = await read(...deliveries);
    expect(states).toMatchObject([{ notBefore, index: { name: notBefore > 0 ? '' : 'results' } }]);
  });
});

describe('a lease', () => {
  const lease = { id: 'a', until: NOW + 30_000 };

  test.each([
    ['of another delivery is waited for', {}, lease.until],
    ['that its holder has survived is not', { survived: ['a'] }, 0],
    ['that another delivery has survived is', { survived: ['b'] }, lease.until],
  ])('%s', async (_what, change, notBefore) => {
    await written({ lease });
    expect((await read(delivery(returned(change)))).states).toMatchObject([{ notBefore, record: { lease } }]);
  });

  test('that is over is not waited for', async () => {
    await written({ lease });
    memory.now = lease.until;
    expect((await read(delivery(message(), 2))).states).toMatchObject([{ notBefore: 0 }]);
  });
});

describe('what nobody can work on, now or later', () => {
  const old = NOW - DAY - 1;

  test.each<[string, Delivery, RegExp]>([
    ['is no message', delivery('hello'), /^the message is not JSON$/],
    [
      'belongs to no tick',
      delivery(message({ tick: 2 })),
      /^no tick of the ledger has jobs 1–10 in one message$/,
    ],
    [
      'has other borders than the tick’s messages',
      delivery(message({ last: job(9) })),
      /^no tick .* jobs 1–9 /,
    ],
    [
      'is older than the ledger remembers',
      delivery(message({ enqueuedAt: old })),
      /^the message is older than any record/,
    ],
    ['is a retry whose record is gone', delivery(retry(1, 3)), /^the ledger has forgotten this job/],
  ])('%s', async (_what, bad, reason) => {
    const batch = await read(bad, { ...bad, id: 'copy' }, delivery(second, 1, 'good'));
    expect(batch.malformed.map(({ delivery }) => delivery.id)).toEqual(['delivery', 'copy']);
    for (const one of batch.malformed) expect(one.reason).toMatch(reason);
    expect(batch.states).toMatchObject([{ message: second }]);
  });

  test('is not what is just as old as the ledger remembers', async () => {
    expect((await read(delivery({ ...second, enqueuedAt: NOW - DAY }))).states).toHaveLength(1);
  });

  test.each([
    ['message', message(), jobs(4)],
    ['retry', retry(1, 3), jobs(3)],
  ])('is not an old %s that the ledger remembers after all', async (_what, known, open) => {
    await written({ failed: jobs(3), pending: jobs(4) });
    const { states, malformed } = await read(delivery({ ...known, enqueuedAt: old }));
    expect(malformed).toEqual([]);
    expect(states.map(({ record, requested: asked }) => openJobs(record, asked))).toEqual([open]);
  });
});

test('a message that DynamoDB could not be asked for is in trouble as it came, and is no trouble of the others', async () => {
  memory.beforeLedger = (command) => {
    if (command instanceof GetCommand && String(command.input.Key?.pk).includes('#1-10')) throw throttled();
  };
  const suspicious = returned({ unexplained: 2, survived: ['a'] });
  const { states, malformed } = await read(
    delivery(suspicious, 1, 'a'),
    delivery(message(), 2, 'b'),
    delivery(second, 2, 'c'),
  );
  expect(states).toHaveLength(2);
  expect(states.find(({ problem }) => problem)).toMatchObject({
    requests: [{ message: suspicious }, { message: message() }],
    record: newRecord(message()),
    problem: { service: 'ledger' },
    ...{ unexplained: 3, survived: ['a'], notBefore: 0 },
  });
  expect(states.find(({ problem }) => !problem)).toMatchObject({ message: second });
  expect(malformed).toEqual([]);
});

test('a message that workers may have died of stays suspect when DynamoDB could not be asked for it', async () => {
  memory.beforeLedger = () => {
    throw throttled();
  };
  const { states } = await read(delivery(message(), 3));
  expect(states).toMatchObject([{ unexplained: 2, problem: { service: 'ledger' } }]);
});

test('no more messages are looked up at a time than the SDK has connections for', async () => {
  let open = 0;
  let most = 0;
  memory.beforeLedger = async () => {
    most = Math.max(most, ++open);
    await new Promise(setImmediate);
    open--;
  };
  const many = Array.from({ length: 100 }, (_, at) => delivery(message({ tick: 2 + at }), 2, String(at)));
  expect((await read(...many)).malformed).toHaveLength(100);
  expect(most).toBeGreaterThan(10);
  expect(most).toBeLessThan(50);
});
