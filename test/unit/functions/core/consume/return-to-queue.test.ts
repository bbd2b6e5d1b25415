import { beforeEach, describe, expect, test } from 'vitest';
import { type MessageState, requestedJobs } from '../../../../../functions/core/consume/read-batch.ts';
import { returnToQueue } from '../../../../../functions/core/consume/return-to-queue.ts';
import type { Worker } from '../../../../../functions/core/consume/worker.ts';
import { ConditionFailed, Unavailable } from '../../../../../functions/core/model/errors.ts';
import {
  MAX_SURVIVED,
  type Message,
  parseMessage,
  type Returned,
} from '../../../../../functions/core/model/message.ts';
import { type MessageRecord, newRecord } from '../../../../../functions/core/model/message-record.ts';
import { cloudWithTick, delivery, InMemoryCloud, throttled } from '../../../../fixtures/in-memory-cloud.ts';
import { jobs, message, messageFrom, NOW } from '../../../../fixtures/ledger.ts';

let cloud: InMemoryCloud;
let worker: Worker;

beforeEach(() => {
  cloud = new InMemoryCloud();
  worker = cloud.worker();
});

/** The state of a message, its copies and its retries; none of its jobs is processed. */
function state(messages: Message | Message[], change: Partial<MessageState> = {}): MessageState {
  const all = [messages].flat();
  const [first] = all as [Message];
  return {
    message: first,
    requests: all.map((message, at) => ({ message, deliveries: [delivery(message, 1, `${at}`)] })),
    requested: requestedJobs(all),
    record: newRecord(first),
    index: { name: 'results' },
    ...{ redelivered: true, unexplained: 0, survived: [], notBefore: 0, ...change },
  };
}

const returned = (change: Partial<Returned> = {}) =>
  message({ returned: { times: 4, notBefore: 0, ...change } });
const retry = (round: number, numbers: number[], times?: number) =>
  message({
    retry: { round, jobs: jobs(...numbers) },
    ...(times && { returned: { times, notBefore: 0 } }),
  });
const record = (change: Partial<MessageRecord>) => ({ record: { ...newRecord(message()), ...change } });
const attempt = (count: number) => ({ count, firstAt: 0, lastAt: 0, reason: '' });

/** The messages that are in the queue afterwards, with their delays in seconds. */
async function sentBack(...states: MessageState[]) {
  const { undelivered, returned } = await returnToQueue(worker, states);
  expect(undelivered).toEqual([]);
  const sent = [...cloud.sqs.copies('jobs')].map((copy) => {
    expect(copy.receives).toBe(0);
    const { message } = parseMessage(copy.body) as { message: Message };
    cloud.sqs.remove('jobs', copy);
    return { ...message, delay: (copy.visibleAt - NOW) / 1_000 };
  });
  expect(sent).toHaveLength(returned);
  return sent;
}

describe('a message', () => {
  const gone = { problem: new Unavailable('results', new Error('gone')) };
  const refused = { problem: Object.assign(new Error('no'), { name: 'AccessDeniedException' }) };
  const lost = { problem: new ConditionFailed([0]) };
  const often = returned({ times: 49 });

  test.each<[string, ...[MessageState, number][]]>([
    [
      'by the failures of the jobs it asks for, however often it was returned',
      [state(message()), 2],
      [state(message(), record({ attempts: { 1: attempt(1), 2: attempt(4) } })), 16],
      [state(retry(1, [1]), record({ attempts: { 1: attempt(1), 2: attempt(4) } })), 2],
      [state(often), 2],
    ],
    [
      'by the number of its returns when a service is unavailable or refuses a call',
      [state(message(), gone), 1],
      [state(often, gone), 16],
      [state(message(), refused), 1],
      [state(often, refused), 16],
    ],
    ['briefly when another worker wrote its record first', [state(often, lost), 2]],
    [
      'until its time, at most as long as SQS allows',
      [state(message(), { notBefore: NOW + 29_001 }), 30],
      [state(message(), { notBefore: NOW + 7_200_000 }), 900],
      [state(message(), { notBefore: NOW - 1 }), 2],
      [state(returned({ notBefore: NOW + 99_001 })), 2],
    ],
  ])('is delayed %s', async (_what, ...cases) => {
    for (const [state, delay] of cases) expect(await sentBack(state)).toMatchObject([{ delay }]);
  });

  test('keeps the time until which it waits, however often it is sent back', async () => {
    const notBefore = NOW + 7_200_000;
    expect(await sentBack(state(returned({ notBefore }), { notBefore }))).toMatchObject([
      { returned: { notBefore, times: 5 } },
    ]);
  });

  test('is not delayed by another message’s problem', async () => {
    const second = messageFrom(11, 10, { returned: { times: 49, notBefore: 0 } });
    const sent = await sentBack(state(often, gone), state(second));
    expect(sent.map(({ first, delay }) => [first, delay])).toEqual([
      [1, 16],
      [11, 2],
    ]);
  });

  test('carries its unexplained returns and the newest leases that were survived, as they are now', async () => {
    const survived = Array.from({ length: MAX_SURVIVED + 2 }, (_, at) => `lease-${at}`);
    const earlier = returned({ unexplained: 2, survived: ['a'] });
    const sent = await sentBack(state(message(), { unexplained: 2, survived }), state(earlier));
    expect(sent.map(({ returned }) => returned)).toEqual([
      { times: 1, notBefore: NOW + 2_000, unexplained: 2, survived: survived.slice(2) },
      { times: 5, notBefore: NOW + 2_000 },
    ]);
  });

  test('keeps all its other fields, including those of a later version', async () => {
    const later = { ...retry(7, [1]), extra: { a: 1 } };
    await returnToQueue(worker, [state(later)]);
    expect(cloud.messagesIn('jobs')).toEqual([{ ...later, returned: { times: 1, notBefore: NOW + 2_000 } }]);
  });
});

/** Messages of one state, its record, and what is sent back: the retry's round and jobs, and the number of returns. */
test.each<[string, Message[], Partial<MessageRecord>, [number | undefined, number[] | undefined, number][]]>([
  ['a message without open jobs is not sent back', [message()], { pending: [] }, []],
  ['a message whose jobs have failed is not sent back', [message()], { pending: [], failed: jobs(3) }, []],
  ['a retry whose jobs are processed is not sent back', [retry(1, [1, 2])], { pending: jobs(3) }, []],
  [
    'copies of a message are sent back as one, with one more return than any of them had',
    [message(), returned(), returned({ times: 7 }), returned({ times: 1 })],
    { pending: jobs(3) },
    [[undefined, undefined, 8]],
  ],
  [
    'retries of one round are sent back as one, with the open jobs of all of them',
    [retry(1, [1, 2, 3], 2), retry(1, [3, 4, 5]), retry(1, [3])],
    { pending: jobs(3, 7), failed: jobs(1, 4) },
    [[1, [3, 1, 4], 3]],
  ],
  [
    'a message and retries of different rounds are sent back one by one, if they have open jobs',
    [retry(1, [1]), message(), retry(2, [2, 4]), retry(3, [4])],
    { pending: jobs(1, 2) },
    [
      [1, [1], 1],
      [undefined, undefined, 1],
      [2, [2], 1],
    ],
  ],
])('%s', async (_what, messages, change, expected) => {
  const sent = await sentBack(state(messages, record(change)));
  expect(sent.map(({ retry, returned }) => [retry?.round, retry?.jobs, returned?.times])).toEqual(expected);
});

test('all deliveries of a message that SQS did not take are named, and it is not sent a second time', async () => {
  let calls = 0;
  cloud.answerQueue = (command) => {
    if (++calls === 2) throw throttled();
    return cloud.sqs.execute(command, (entry) => calls < 3 || entry > 0);
  };
  const all = Array.from({ length: 23 }, (_, at) => {
    // Two copies, one of them delivered twice.
    const [one, copy] = [message({ enqueuedAt: at }), { ...returned(), enqueuedAt: at }];
    return state(one, {
      requests: [
        { message: one, deliveries: [delivery(one, 1, `${at}`), delivery(one, 2, `${at}-again`)] },
        { message: copy, deliveries: [delivery(copy, 1, `${at}-copy`)] },
      ],
    });
  });
  const { returned: count, undelivered } = await returnToQueue(worker, all);
  expect(undelivered).toEqual(
    [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20].flatMap((at) => [`${at}`, `${at}-again`, `${at}-copy`]),
  );
  expect([count, calls]).toEqual([23, 3]);
  expect(cloud.sqs.copies('jobs')).toHaveLength(12);
});

test('a message of a newer version is sent back unchanged, and after about a day becomes a dead letter', async () => {
  cloud = await cloudWithTick();
  const newer = { v: 2, jobs: { from: 1 }, returned: { times: 7, notBefore: 5, more: true } };
  const deliver = (body: object) => cloud.consume(cloud.worker(), delivery(JSON.stringify(body)));
  expect(await deliver(newer)).toMatchObject({ returned: 1, malformed: 0, undelivered: [] });
  const [copy] = cloud.sqs.copies('jobs');
  expect(JSON.parse(copy?.body ?? '')).toEqual({
    ...newer,
    returned: { times: 8, notBefore: expect.any(Number), more: true },
  });
  expect(copy?.visibleAt).toBeGreaterThan(NOW);
  const last = { ...newer, returned: { times: 400 } };
  expect(await deliver(last)).toMatchObject({ returned: 0, malformed: 1 });
  expect(cloud.sqs.copies('dead letters').map(({ body }) => JSON.parse(body))).toEqual([last]);
});
