import { expect, test } from 'vitest';
import { FUNCTIONS as DEPLOYED } from '../../../../cli/cloud/deployment.ts';
import { FUNCTIONS, filterIn, parametersOf } from '../../../../dashboard/page/src/logs/log-address.ts';
import { fieldsOf, wholeOf } from '../../../../dashboard/page/src/logs/log-fields.ts';
import {
  CHUNK_LINES,
  EMPTY_LIST,
  KEPT_LINES,
  type LogAction,
  type LogList,
  reduceList,
} from '../../../../dashboard/page/src/logs/log-list.ts';
import type { Line } from '../../../../dashboard/protocol.ts';

const line = (id: number, message = `line ${id}`): Line => ({
  ...{ id, time: new Date(id * 1_000).toISOString(), function: 'consumer', message, fields: {} },
});
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => line(from + index));
const received = (given: readonly Line[], isFirst = false): LogAction => ({
  ...{ type: 'received', lines: given, isFirst },
});
const after = (...actions: LogAction[]) => actions.reduce(reduceList, EMPTY_LIST);
const ids = ({ chunks }: LogList) => chunks.flatMap((chunk) => chunk.lines.map(({ id }) => id));

test('the page offers all functions', () => {
  expect([...FUNCTIONS].sort()).toEqual([...DEPLOYED].sort());
});

test.each([
  ['', {}],
  [
    '?function=consumer&worker=worker-a&level=WARN&text=a+%26+b',
    { function: 'consumer', worker: 'worker-a', level: 'WARN', text: 'a & b' },
  ],
])('the address %s is a filter, and back', (parameters, filter) => {
  expect(filterIn(Object.fromEntries(new URLSearchParams(parameters)))).toEqual(filter);
  expect(parametersOf(filter as never)).toBe(parameters);
});

test('what is wrong in an address is left out', () => {
  expect(filterIn({ function: 'nothing', level: 'LOUD', worker: ' ', other: 'x' })).toEqual({});
  expect(filterIn({ level: 'DEBUG' })).toEqual({});
});

test('new lines are appended, and a chunk that is full does not change', () => {
  const one = after(received(lines(1, CHUNK_LINES + 1), true));
  const two = reduceList(one, received(lines(CHUNK_LINES + 2, CHUNK_LINES + 5)));
  expect(ids(two)).toEqual(lines(1, CHUNK_LINES + 5).map(({ id }) => id));
  expect(two.chunks[0]).toBe(one.chunks[0]);
  expect(two.count).toBe(CHUNK_LINES + 5);
});

test('the page forgets old lines by chunks', () => {
  const list = after(received(lines(1, KEPT_LINES), true), received(lines(KEPT_LINES + 1, KEPT_LINES + 150)));
  expect(list.count).toBe(KEPT_LINES + 50);
  expect(ids(list)[0]).toBe(CHUNK_LINES + 1);
});

test('while the page does not follow, new lines are held apart', () => {
  const held = after(
    received(lines(1, 3), true),
    { type: 'hold' },
    received(lines(4, 6)),
    received([line(7)]),
  );
  expect(ids(held)).toEqual([1, 2, 3]);
  expect(held.heldCount).toBe(4);
  const followed = reduceList(held, { type: 'follow' });
  expect(ids(followed)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(followed).toMatchObject({ isFollowing: true, held: [], heldCount: 0 });
});

test.each<[string, LogAction[], Line[], number[], number]>([
  ['continues with the next lines', [], lines(2, 5), [1, 2, 3, 4, 5], 0],
  ['holds the next lines', [{ type: 'hold' }, received([line(4)])], lines(2, 5), [1, 2, 3], 2],
  ['starts anew if lines are missing', [], lines(8, 9), [8, 9], 0],
  ['starts anew if the server did', [], [line(2), line(3, 'another line')], [2, 3], 0],
])('another connection %s', (_, actions, first, shown, heldCount) => {
  const list = after(received(lines(1, 3), true), ...actions, received(first, true));
  expect(ids(list)).toEqual(shown);
  expect(list.heldCount).toBe(heldCount);
});

test('an answer without lines is an answer', () => {
  expect(after(received([], true))).toMatchObject({ hasAnswer: true, count: 0 });
});

test('IDs in fields are links', () => {
  const fields = {
    ...{ jobId: 7, firstJob: 1, lastJob: 'x', runId: '2026-demo', workerId: 'worker a' },
    ...{ reason: 'a "b"', error: { name: 'Error', message: 'gone', stack: '…' }, long: 'x'.repeat(500) },
  };
  expect(fieldsOf({ fields }).map(({ name, text, href }) => [name, text.slice(0, 20), href])).toEqual([
    ['jobId', '7', '/jobs/7'],
    ['firstJob', '1', '/jobs/1'],
    ['lastJob', 'x', undefined],
    ['runId', '2026-demo', '/runs/2026-demo'],
    ['workerId', '"worker a"', '/logs?worker=worker+a'],
    ['reason', '"a \\"b\\""', undefined],
    ['error', '"Error: gone"', undefined],
    ['long', 'x'.repeat(20), undefined],
  ]);
  expect(fieldsOf({ fields }).at(-1)?.text.length).toBe(160);
});

test('the whole line has everything but the number that the server gave it', () => {
  const { id: _, time, fields: __, ...rest } = line(3);
  expect(wholeOf({ ...line(3), worker: 'worker-a', fields: { jobId: 7 } })).toEqual({
    ...{ time, ...rest, worker: 'worker-a', jobId: 7 },
  });
});
