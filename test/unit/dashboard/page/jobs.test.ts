import { expect, test } from 'vitest';
import { questionOf } from '../../../../dashboard/page/src/jobs/dead-letter-words.ts';
import { columnsOf, examplesOf } from '../../../../dashboard/page/src/jobs/documents.ts';
import { eventsOf, isUnderway } from '../../../../dashboard/page/src/jobs/job-story.ts';
import { addressOf, jobIdIn, searchIn } from '../../../../dashboard/page/src/jobs/search-address.ts';
import type { JobStory } from '../../../../dashboard/protocol.ts';

test.each([
  ['/jobs', { in: 'results', query: '', run: '' }],
  ['/jobs?in=dead-letters&q=reason%3Atimeout', { in: 'dead-letters', query: 'reason:timeout', run: '' }],
  ['/jobs?q=a%26b+%23%25&run=R&after=50', { in: 'results', query: 'a&b #%', run: 'R', after: 50 }],
] as const)('%s is the address of a search', (address, search) => {
  expect(addressOf(search)).toBe(address);
  expect(searchIn(Object.fromEntries(new URL(address, 'http://page').searchParams))).toEqual(search);
});

test('wrong parameters of an address are left out', () => {
  expect(searchIn({ in: 'x', q: '  ', after: '-1' })).toEqual({ in: 'results', query: '', run: '' });
  expect(addressOf({ in: 'results', query: '*', run: '' })).toBe('/jobs');
});

test.each([
  ['4711', 4_711],
  [' #4,711 ', 4_711],
  ['job 7', 7],
  ['0', undefined],
  ['1.5', undefined],
  ['tick:3', undefined],
  ['99999999999999999999', undefined],
])('%j as a job ID', (text, jobId) => expect(jobIdIn(text)).toBe(jobId));

test.each([
  [
    'scalar fields',
    [
      { a: 1, b: 'x' },
      { a: 2, c: null },
    ],
    ['a', 'b', 'c'],
  ],
  ['at most four fields', [{ a: 1, b: 2, c: 3, d: 4, e: 5 }], ['a', 'b', 'c', 'd']],
  [
    'no field that is an object somewhere',
    [
      { a: 1, b: 1 },
      { a: [1], b: 2 },
    ],
    ['b'],
  ],
  ['nothing for outputs that are no objects', [{ a: 1 }, 49], []],
  ['nothing for arrays', [[1]], []],
])('columns: %s', (_, outputs, columns) => expect(columnsOf(outputs)).toEqual(columns));

const job = { jobId: 1, runId: 'R', tick: 3 };
test.each([
  [
    { ...job, item: { id: 'c-1', long: 'x'.repeat(50) }, output: { label: 'churn', score: -0.5 } },
    ['output.label:churn', 'output.score:"-0.5"', 'item.id:"c-1"', 'tick:3'],
  ],
  [{ ...job, item: 7, output: 49 }, ['output:49', 'item:7', 'tick:3']],
  [
    { ...job, item: { 'a b': 1 }, reason: '5 × timeout', permanent: false },
    ['reason:timeout', 'tick:3', 'permanent:true'],
  ],
])('examples for %j', (document, examples) => expect(examplesOf([document])).toEqual(examples));

test('no document, no example', () => expect(examplesOf([])).toEqual([]));

test('a question says how many dead letters it is about, and what happens', () => {
  expect(questionOf('retry', 12).text).toBe(
    '12 dead letters are sent to the jobs queue again. Their attempts start from zero. A job that now succeeds moves from failed to processed.',
  );
  expect(questionOf('purge', 1)).toEqual({
    title: 'Purge 1 dead letter?',
    text: '1 dead letter is deleted. Its job stays counted as failed and can no longer be retried.',
  });
  expect(questionOf('purge', 2, true).text).toMatch(/^About 2 dead letters are deleted\. Their jobs stay /);
});

const dueAt = '2026-11-25T12:00:00.000Z';
const attempts = {
  ...{ failed: 3, deaths: 1, reason: 'timeout', permanent: true },
  ...{ firstAt: '2026-11-25T12:00:05.000Z', lastAt: '2026-11-25T12:00:25.000Z' },
};
const document = {
  ...{ enqueuedAt: '2026-11-25T12:00:01.000Z', processedAt: '2026-11-25T12:00:03.500Z' },
  ...{ workerId: 'worker-1', version: '' },
};
const nextAttempt = { from: '2026-11-25T12:01:00.000Z', to: '2026-11-25T12:02:00.000Z' };
test.each<[string, object, string[]]>([
  ['not enqueued', {}, ['Due', 'Not enqueued yet']],
  ['waiting', {}, ['Due', 'Enqueued', 'Waits for a worker']],
  [
    'retrying',
    { attempts, nextAttempt },
    ['Due', 'Enqueued', '3 failed attempts, 1 death of a worker', 'Next attempt'],
  ],
  [
    'retrying',
    { attempts },
    ['Due', 'Enqueued', '3 failed attempts, 1 death of a worker', 'No further attempt'],
  ],
  [
    'dead',
    { attempts },
    ['Due', 'Enqueued', '3 failed attempts, 1 death of a worker', 'Given up: a dead letter'],
  ],
  ['processed', { document }, ['Due', 'Enqueued', 'Processed']],
  ['unknown', {}, ['Due', 'Enqueued', 'Nothing else is known']],
])('the story of a job that is %s', (state, rest, titles) => {
  const story = { state, dueAt, ...rest } as JobStory;
  expect(eventsOf(story).map(({ title }) => title)).toEqual(titles);
  expect(isUnderway(story)).toBe(['not enqueued', 'waiting', 'retrying'].includes(state));
});

test('a story has the reason, the worker and why a document is missing', () => {
  const detailOf = (story: object) => eventsOf({ dueAt, ...story } as JobStory).map(({ detail }) => detail);
  expect(detailOf({ state: 'dead', attempts })).toContain('timeout (permanent)');
  expect(detailOf({ state: 'processed', document })).toContain(
    'By worker-1, 2.5 s after the job was enqueued.',
  );
  expect(detailOf({ state: 'processed', problems: { document: 'no connection' } })).toContain(
    'no connection',
  );
});
