import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { readBatch } from '../../../../functions/core/consume/read-batch.ts';
import type { Delivery, Worker } from '../../../../functions/core/consume/worker.ts';
import type { Returned } from '../../../../functions/core/message.ts';
import { type MessageRecord, newRecord } from '../../../../functions/core/message-record.ts';
import { delivery, type Memory, memoryWithTick, throttled } from '../memory.ts';
import { job, jobs, message, NOW } from '../samples.ts';

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
  expect(state?.asked).toEqual({
    whole: true,
    rounds: new Map([
      [4, 9],
      [5, 9],
      [3, 7],
    ]),
  });
  expect(state?.index).toEqual({ name: 'results' });
});

describe('suspicion', () => {
  test.each<[string, Delivery[], boolean]>([
    ['not raised by a second receive', [delivery(message(), 2)], false],
    ['raised by a third receive', [delivery(message(), 3)], true],
    ['raised by any of the copies', [delivery(message(), 1, 'a'), delivery(message(), 3, 'b')], true],
    ['not raised by being sent back', [delivery(returned({ times: 100 }), 2)], false],
    ['kept by what was sent back', [delivery(returned({ suspect: true }))], true],
  ])('is %s', async (_what, deliveries, suspect) => {
    const { states } = await read(...deliveries);
    expect(states).toMatchObject([{ suspect }]);
  });

  test('names the leases that were survived, of all copies', async () => {
    const copies = [returned({ survived: ['a', 'b'] }), returned({ times: 2, survived: ['c'] }), message()];
    const { states } = await read(...copies.map((copy) => delivery(copy)));
    expect(states).toMatchObject([{ survived: ['a', 'b', 'c'] }]);
  });
});

describe('a message that is too early', () => {
  const early = returned({ notBefore: NOW + 60_001, suspect: true, survived: ['a'] });

  test('is not looked up, and comes again as it came', async () => {
    const { unread, states } = await read(delivery(early), delivery(second));
    expect(unread).toEqual([
      { request: { message: early, deliveries: [delivery(early)] }, suspect: true, survived: ['a'] },
    ]);
    expect(states).toMatchObject([{ message: second }]);
    memory.calls.length = 0;
    await readBatch(memory.worker(), [delivery(early)]);
    expect(memory.calls).toEqual([]);
  });

  test('by no more than clocks may differ is in time', async () => {
    expect((await read(delivery(returned({ notBefore: NOW + 60_000 })))).states).toHaveLength(1);
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
      /^it is older than the ledger/,
    ],
    ['is a retry whose record is gone', delivery(retry(1, 3)), /^the ledger has forgotten this job/],
  ])('%s', async (_what, bad, reason) => {
    const batch = await read(bad, { ...bad, id: 'copy' }, delivery(second, 1, 'good'));
    expect(batch.malformed.map(({ delivery }) => delivery.id)).toEqual(['delivery', 'copy']);
    for (const one of batch.malformed) expect(one.reason).toMatch(reason);
    expect(batch.states).toMatchObject([{ message: second }]);
    expect(batch.unread).toEqual([]);
  });

  test('is not what is just as old as the ledger remembers, nor an old retry that it knows', async () => {
    await written({ failed: jobs(3), pending: [] });
    const { states } = await read(
      delivery({ ...second, enqueuedAt: NOW - DAY }),
      delivery({ ...retry(1, 3), enqueuedAt: old }),
    );
    expect(states).toHaveLength(2);
  });
});

test('a message that DynamoDB could not be asked for comes again, and is no trouble of the others', async () => {
  memory.beforeLedger = (command) => {
    if (command instanceof GetCommand && String(command.input.Key?.pk).includes('#1-10')) throw throttled();
  };
  const suspicious = returned({ suspect: true, survived: ['a'] });
  const { unread, states, malformed } = await read(
    delivery(suspicious, 1, 'a'),
    delivery(message(), 1, 'b'),
    delivery(second, 2, 'c'),
  );
  expect(unread).toMatchObject([
    { request: { message: suspicious }, trouble: { service: 'ledger' }, suspect: true, survived: ['a'] },
    { request: { message: message() }, trouble: { service: 'ledger' }, suspect: false, survived: [] },
  ]);
  expect(states).toMatchObject([{ message: second }]);
  expect(malformed).toEqual([]);
});

test('a message that workers may have died of stays suspect when DynamoDB could not be asked for it', async () => {
  memory.beforeLedger = () => {
    throw throttled();
  };
  expect((await read(delivery(message(), 3))).unread).toMatchObject([{ suspect: true }]);
});
