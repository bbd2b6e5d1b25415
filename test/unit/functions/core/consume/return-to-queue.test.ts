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
import { delivery, Memory, throttled } from '../../memory.ts';
import { job, jobs, message, NOW } from '../../samples.ts';

let memory: Memory;
let worker: Worker;

beforeEach(() => {
  memory = new Memory();
  worker = memory.worker();
});

/** The state of a message, copies of it and its retries; no job of it is done, unless said otherwise. */
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

/** What is in the queue afterwards, and by how many seconds it is delayed. */
async function sentBack(...states: MessageState[]) {
  const { undelivered, returned } = await returnToQueue(worker, states);
  expect(undelivered).toEqual([]);
  const sent = memory.sqs.copies('jobs').map(({ body, visibleAt, receives }) => {
    expect(receives).toBe(0);
    return { ...(parseMessage(body) as { message: Message }).message, delay: (visibleAt - NOW) / 1_000 };
  });
  expect(sent).toHaveLength(returned);
  return sent;
}

describe('a message waits', () => {
  const gone = { problem: new Unavailable('results', new Error('gone')) };
  const refused = { problem: Object.assign(new Error('no'), { name: 'AccessDeniedException' }) };
  const lost = { problem: new ConditionFailed([0]) };

  test.each<[string, MessageState, number]>([
    ['for its jobs’ next attempt', state(message()), 2],
    [
      'longer, the oftener one of them has failed',
      state(message(), record({ attempts: { 1: attempt(1), 2: attempt(4) } })),
      16,
    ],
    [
      'no longer for a job that it does not ask for',
      state(retry(1, [1]), record({ attempts: { 1: attempt(1), 2: attempt(4) } })),
      2,
    ],
    ['for its jobs’ next attempt, however often it was sent back', state(returned({ times: 49 })), 2],
    ['for the service that is gone', state(message(), gone), 1],
    ['longer, the oftener it was sent back for one', state(returned({ times: 49 }), gone), 16],
    ['as long for a call that is refused', state(message(), refused), 1],
    ['longer, the oftener it was sent back for that', state(returned({ times: 49 }), refused), 16],
    ['as briefly as ever where others were faster', state(returned({ times: 49 }), lost), 2],
    ['for what it is to wait for', state(message(), { notBefore: NOW + 29_001 }), 30],
    ['no longer at a time than SQS allows', state(message(), { notBefore: NOW + 7_200_000 }), 900],
    ['no less for what is over', state(message(), { notBefore: NOW - 1 }), 2],
    ['no longer for what another delivery was to wait for', state(returned({ notBefore: NOW + 99_001 })), 2],
  ])('%s', async (_what, one, delay) => {
    expect(await sentBack(one)).toMatchObject([{ delay }]);
  });

  test('until the moment that it is to be worked on again, however often it is sent back on the way', async () => {
    const notBefore = NOW + 7_200_000;
    expect(await sentBack(state(returned({ notBefore }), { notBefore }))).toMatchObject([
      { returned: { notBefore, times: 5 } },
    ]);
  });

  test('no longer for another message’s trouble', async () => {
    const second = message({ first: job(11), last: job(20), returned: { times: 49, notBefore: 0 } });
    const sent = await sentBack(state(returned({ times: 49 }), gone), state(second));
    expect(sent.map(({ first, delay }) => [first, delay])).toEqual([
      [1, 16],
      [11, 2],
    ]);
  });
});

describe('a message says', () => {
  const said = async (...states: MessageState[]) =>
    (await sentBack(...states)).map(({ returned }) => returned);

  test('how often it came back by itself, and which leases were survived, the newest of them', async () => {
    const survived = Array.from({ length: MAX_SURVIVED + 2 }, (_, at) => `lease-${at}`);
    expect(await said(state(message(), { unexplained: 2, survived }), state(message()))).toEqual([
      { times: 1, notBefore: NOW + 2_000, unexplained: 2, survived: survived.slice(2) },
      { times: 1, notBefore: NOW + 2_000 },
    ]);
  });

  test('nothing of an earlier return that does not hold any more', async () => {
    expect(await said(state(returned({ unexplained: 2, survived: ['a'] })))).toEqual([
      { times: 5, notBefore: NOW + 2_000 },
    ]);
  });

  test('all else that it said before, fields of a later version among them', async () => {
    const later = { ...retry(7, [1]), extra: { a: 1 } };
    await returnToQueue(worker, [state(later)]);
    expect(memory.bodies('jobs')).toEqual([{ ...later, returned: { times: 1, notBefore: NOW + 2_000 } }]);
  });
});

/** Messages of one state, what is open of their jobs, and what is sent back: the retry's round and jobs, and the times. */
test.each<[string, Message[], Partial<MessageRecord>, [number | undefined, number[] | undefined, number][]]>([
  ['a message of which nothing is left is not', [message()], { pending: [] }, []],
  ['a message whose jobs have failed is not', [message()], { pending: [], failed: jobs(3) }, []],
  ['a retry whose jobs are done is not', [retry(1, [1, 2])], { pending: jobs(3) }, []],
  [
    'copies of a message are as one, sent back once more often than any of them',
    [message(), returned(), returned({ times: 7 }), returned({ times: 1 })],
    { pending: jobs(3) },
    [[undefined, undefined, 8]],
  ],
  [
    'retries of one round are as one, with the open jobs of them all',
    [retry(1, [1, 2, 3], 2), retry(1, [3, 4, 5]), retry(1, [3])],
    { pending: jobs(3, 7), failed: jobs(1, 4) },
    [[1, [3, 1, 4], 3]],
  ],
  [
    'retries of different rounds and the whole message are each by itself, if anything is left of them',
    [retry(1, [1]), message(), retry(2, [2, 4]), retry(3, [4])],
    { pending: jobs(1, 2) },
    [
      [1, [1], 1],
      [undefined, undefined, 1],
      [2, [2], 1],
    ],
  ],
])('of what is sent back, %s', async (_what, messages, change, expected) => {
  const sent = await sentBack(state(messages, record(change)));
  expect(sent.map(({ retry, returned }) => [retry?.round, retry?.jobs, returned?.times])).toEqual(expected);
});

test('what SQS did not take is named, with all its deliveries, and not sent a second time', async () => {
  let calls = 0;
  memory.answerQueue = (command) => {
    if (++calls === 2) throw throttled();
    return memory.sqs.execute(command, (entry) => calls < 3 || entry > 0);
  };
  const all = Array.from({ length: 23 }, (_, at) => {
    // Copies, of which one was delivered twice.
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
  expect(memory.sqs.copies('jobs')).toHaveLength(12);
});
