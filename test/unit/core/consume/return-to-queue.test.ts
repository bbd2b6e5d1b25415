import { beforeEach, describe, expect, test } from 'vitest';
import { returnToQueue, type Unfinished } from '../../../../functions/core/consume/return-to-queue.ts';
import type { Worker } from '../../../../functions/core/consume/worker.ts';
import {
  MAX_SURVIVED,
  type Message,
  parseMessage,
  type Returned,
} from '../../../../functions/core/message.ts';
import { type MessageRecord, newRecord } from '../../../../functions/core/message-record.ts';
import { delivery, Memory, throttled } from '../memory.ts';
import { message, NOW } from '../samples.ts';

let memory: Memory;
let worker: Worker;

beforeEach(() => {
  memory = new Memory();
  worker = memory.worker();
});

const unfinished = (sent: Message, change: Partial<Unfinished> = {}): Unfinished => ({
  request: { message: sent, deliveries: [delivery(sent)] },
  ...change,
});
const returned = (change: Partial<Returned>) => message({ returned: { times: 4, notBefore: 0, ...change } });
const recordWith = (change: Partial<MessageRecord>): MessageRecord => ({
  ...newRecord(message()),
  ...change,
});
const attempt = (count: number) => ({ count, firstAt: 0, lastAt: 0, reason: '' });

/** What is in the queue afterwards: what it says of its return, and by how many seconds it is delayed. */
async function sentBack(isOutage: boolean, ...all: Unfinished[]) {
  expect(await returnToQueue(worker, all, isOutage)).toEqual([]);
  return memory.sqs.copies('jobs').map(({ body, visibleAt, receives }) => {
    expect(receives).toBe(0);
    const parsed = parseMessage(body) as { message: Message };
    return { ...parsed.message.returned, delay: (visibleAt - NOW) / 1_000 };
  });
}

describe('a message waits', () => {
  const { lease, until } = { lease: 'a', until: NOW + 30_000 };
  const leased = recordWith({ lease: { id: lease, until } });

  test.each<[string, Unfinished, boolean, number]>([
    ['for its jobs’ next attempt', unfinished(message()), false, 2],
    [
      'longer, the oftener one of them has failed',
      unfinished(message(), { record: recordWith({ attempts: { 1: attempt(1), 2: attempt(4) } }) }),
      false,
      16,
    ],
    ['for the service that is gone', unfinished(message()), true, 1],
    ['longer, the oftener it was sent back', unfinished(returned({ times: 49 })), true, 16],
    ['for the delivery that has it leased', unfinished(message(), { record: leased }), false, 30],
    [
      'for no lease that was survived',
      unfinished(message(), { record: leased, survived: [lease] }),
      false,
      2,
    ],
    ['for what it waited for before', unfinished(returned({ notBefore: NOW + 99_001 })), false, 100],
    ['no longer at a time than SQS allows', unfinished(returned({ notBefore: NOW + 7_200_000 })), true, 900],
  ])('%s', async (_what, one, isOutage, delay) => {
    expect(await sentBack(isOutage, one)).toMatchObject([{ delay }]);
  });

  test('until the moment that it is to be worked on again, however often it is sent back on the way', async () => {
    const notBefore = NOW + 7_200_000;
    expect(await sentBack(false, unfinished(returned({ notBefore })))).toMatchObject([
      { notBefore, times: 5 },
    ]);
  });
});

describe('a message says', () => {
  test('whether it is suspect, and which leases were survived, the newest of them', async () => {
    const survived = Array.from({ length: MAX_SURVIVED + 2 }, (_, at) => `lease-${at}`);
    const sent = await sentBack(
      false,
      unfinished(message(), { suspect: true, survived }),
      unfinished(message(), { suspect: false, survived: [] }),
    );
    expect(sent).toEqual([
      { times: 1, notBefore: NOW + 2_000, delay: 2, suspect: true, survived: survived.slice(2) },
      { times: 1, notBefore: NOW + 2_000, delay: 2 },
    ]);
  });

  test('nothing of an earlier return that does not hold any more', async () => {
    const before = returned({ suspect: true, survived: ['a'] });
    expect(await sentBack(false, unfinished(before))).toEqual([
      { times: 5, notBefore: NOW + 2_000, delay: 2 },
    ]);
  });

  test('all else that it said before, fields of a later version among them', async () => {
    const later = { ...message({ retry: { round: 7, jobs: [message().first] } }), extra: { a: 1 } };
    await returnToQueue(worker, [unfinished(later)], false);
    expect(memory.bodies('jobs')).toEqual([{ ...later, returned: { times: 1, notBefore: NOW + 2_000 } }]);
  });
});

test('what SQS did not take is named, with all its deliveries, and not sent a second time', async () => {
  let calls = 0;
  memory.answerQueue = (command) => {
    if (++calls === 2) throw throttled();
    return memory.sqs.execute(command, (entry) => calls < 3 || entry > 0);
  };
  const all = Array.from({ length: 23 }, (_, at) => {
    const one = message({ enqueuedAt: at });
    const deliveries = [delivery(one, 1, `${at}`), delivery(one, 2, `${at}-again`)];
    return { request: { message: one, deliveries } };
  });
  const undelivered = await returnToQueue(worker, all, true);
  const refused = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20].flatMap((at) => [`${at}`, `${at}-again`]);
  expect(undelivered).toEqual(refused);
  expect(calls).toBe(3);
  expect(memory.sqs.copies('jobs')).toHaveLength(12);
});
