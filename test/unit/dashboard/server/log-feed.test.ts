import { expect, test } from 'vitest';
import { readLogLine } from '../../../../cli/cloud/log-line.ts';
import { HOLD_MS } from '../../../../cli/cloud/merge-logs.ts';
import type { Line, LogFilter } from '../../../../dashboard/protocol.ts';
import { FIRST_LINES, KEPT_LINES, LogFeed, matches } from '../../../../dashboard/server/log-feed.ts';

const START = Date.parse('2026-11-25T12:00:00Z');

function line(at: number, message: string, fields: object = {}, level = 'INFO') {
  const timestamp = new Date(START + at).toISOString();
  return readLogLine('consumer', START + at, JSON.stringify({ level, message, timestamp, ...fields }));
}

/** Joins with a filter. @returns the messages of each event */
function join(feed: LogFeed, filter: LogFilter = {}) {
  const events: Line[][] = [];
  const leave = feed.join(filter, async (lines) => void events.push(lines));
  return { events, leave, messages: () => events.map((lines) => lines.map(({ message }) => message)) };
}

/** Lets a feed send what it can. */
const sent = () => new Promise(setImmediate);

test.each<[string, LogFilter, boolean]>([
  ['no filter', {}, true],
  ['the function', { function: 'consumer' }, true],
  ['another function', { function: 'scheduler' }, false],
  ['the worker', { worker: 'worker-a1' }, true],
  ['the beginning of the worker', { worker: 'worker-a' }, true],
  ['another worker', { worker: 'worker-b' }, false],
  ['a lower level', { level: 'INFO' }, true],
  ['its level', { level: 'WARN' }, true],
  ['a higher level', { level: 'ERROR' }, false],
  ['a text in the message', { text: 'SLOW' }, true],
  ['a text in a field', { text: 'url="https://x y"' }, true],
  ['a text of the line as it was logged', { text: '"jobid":7' }, true],
  ['a text of the line as it is shown', { text: 'jobId=7' }, true],
  ['another text', { text: 'fast' }, false],
  ['one condition of two', { level: 'WARN', text: 'fast' }, false],
])('a line against %s', (_, filter, expected) => {
  const fields = { worker: 'worker-a1', jobId: 7, url: 'https://x y' };
  expect(matches(line(0, 'the model is slow', fields, 'WARN'), filter)).toBe(expected);
});

test.each([
  ['without a level is like INFO', undefined, 'INFO', 'WARN'],
  ['of Lambda’s level FATAL is critical', 'FATAL', 'CRITICAL', undefined],
  ['of Lambda’s level TRACE is the lowest', 'TRACE', 'DEBUG', 'INFO'],
] as const)('a line %s', (_, level, passes, fails) => {
  const { level: __, ...rest } = line(0, 'anything');
  const given = { ...rest, ...(level && { level }) };
  expect(matches(given, { level: passes })).toBe(true);
  if (fails) expect(matches(given, { level: fails })).toBe(false);
});

test('a page receives the last lines that match, then new ones, in the order of their times', async () => {
  const feed = new LogFeed();
  const { events, messages, leave } = join(feed, { text: 'yes' });
  await sent();
  expect(events, 'before the first reading').toEqual([]);

  feed.add([line(0, 'yes 1'), line(1, 'no'), line(30_000, 'yes 3')], 0);
  await sent();
  expect(messages()).toEqual([['yes 1']]);
  feed.add([line(20_000, 'yes 2'), line(30_001, 'no')], 1_000);
  feed.add([], 1_000 + HOLD_MS);
  await sent();
  expect(messages()).toEqual([['yes 1'], ['yes 2', 'yes 3']]);
  const ids = events.flat().map(({ id }) => id);
  expect(ids).toEqual([...ids].sort((one, other) => one - other));

  leave();
  expect(feed.hasViewers).toBe(false);
  feed.add([line(40_000, 'yes 4')], 20_000);
  feed.add([], 30_000);
  await sent();
  expect(events.length).toBe(2);
});

test('the first event comes even if no line matches', async () => {
  const feed = new LogFeed();
  feed.add([], 0);
  const { messages } = join(feed);
  await sent();
  expect(messages()).toEqual([[]]);
});

test('lines of the platform and metrics are left out, and the worker is apart from the other fields', async () => {
  const feed = new LogFeed();
  feed.add(
    [
      readLogLine('consumer', START, 'START RequestId: 1'),
      readLogLine('consumer', START, '{"type":"platform.report","record":{"status":"success"}}'),
      readLogLine('consumer', START, '{"_aws":{},"processed":1}'),
      line(1, 'batch', { worker: 'worker-a', jobId: 7 }),
      line(60_000, 'held back'),
    ],
    0,
  );
  const { events } = join(feed);
  await sent();
  const shown = {
    function: 'consumer',
    level: 'INFO',
    message: 'batch',
    worker: 'worker-a',
    fields: { jobId: 7 },
  };
  expect(events).toEqual([[{ id: 1, time: new Date(START + 1).toISOString(), ...shown }]]);
});

test('the feed keeps its newest lines, and a page receives a part of them at first', async () => {
  const feed = new LogFeed();
  const many = Array.from({ length: KEPT_LINES + 5 }, (_, at) => line(at, `line ${at}`));
  feed.add([...many, line(600_000, 'held back')], 0);
  const all = join(feed);
  const old = join(feed, { text: 'line 4' });
  await sent();
  expect(all.messages()[0]?.length).toBe(FIRST_LINES);
  expect(all.messages()[0]?.at(-1)).toBe(`line ${KEPT_LINES + 4}`);
  expect(old.messages()[0]).not.toContain('line 4');
});

test('a slow page receives what it missed in one event, and a page that is gone receives nothing', async () => {
  const feed = new LogFeed();
  feed.add([], 0);
  const events: number[] = [];
  let take = () => {};
  feed.join({}, (lines) => {
    events.push(lines.length);
    return new Promise<void>((resolve) => {
      take = resolve;
    });
  });
  feed.join({}, () => Promise.reject(new Error('gone')));
  for (let at = 1; at <= 3; at++) feed.add([line(at * 20_000, `line ${at}`)], at * 20_000);
  feed.add([], 100_000);
  await sent();
  expect(events).toEqual([0]);
  take();
  await sent();
  expect(events).toEqual([0, 3]);
});
