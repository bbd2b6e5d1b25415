import { expect, test } from 'vitest';
import { jobProgress } from '../../../../../functions/core/jobs/job-progress.ts';
import type { Attempts, MessageRecord } from '../../../../../functions/core/model/message-record.ts';
import { job, jobs, NOW } from '../../../../fixtures/ledger.ts';

const RULES = { maxAttempts: 3, backoff: { baseSeconds: 10, capSeconds: 60 } };
const record = (change: Partial<MessageRecord>): MessageRecord => ({
  version: 1,
  pending: [],
  failed: [],
  attempts: {},
  ...change,
});
const failed = (change: Partial<Attempts> = {}): Attempts => ({
  ...{ count: 2, firstAt: NOW - 60_000, lastAt: NOW, reason: 'no', ...change },
});
const progress = (
  found: MessageRecord | undefined,
  hasDocument = false,
  enqueuedAt: number | undefined = NOW,
) => jobProgress({ jobId: job(3), enqueuedAt, record: found, hasDocument, rules: RULES, now: NOW });
const after = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();

test('a job is as far as its record says', () => {
  const pending = jobs(3, 4);
  const dead = { failed: jobs(3), attempts: { 3: failed({ letter: 7 }) } };
  for (const [found, state] of [
    [undefined, 'waiting'],
    [record({ pending }), 'waiting'],
    [record({ pending: jobs(4) }), 'processed'],
    [record({ pending, attempts: { 3: failed() } }), 'retrying'],
    [record({ pending, attempts: { 4: failed() } }), 'waiting'],
    [record(dead), 'dead'],
    // Its dead letter was sent again, and it has failed again.
    [record({ ...dead, attempts: { 3: failed({ letter: 7, round: 8 }) } }), 'retrying'],
    [record({ ...dead, attempts: { 3: failed({ letter: 8, round: 8 }) } }), 'dead'],
  ] as const)
    expect(progress(found).state).toBe(state);
});

test('without a record, the document and the time tell', () => {
  const day = 86_400_000;
  expect(
    jobProgress({
      jobId: job(3),
      enqueuedAt: undefined,
      record: undefined,
      hasDocument: false,
      rules: RULES,
      now: NOW,
    }),
  ).toEqual({ state: 'not enqueued' });
  expect(progress(undefined, true, NOW - 100 * day).state).toBe('processed');
  expect(progress(undefined, false, NOW - 13 * day).state).toBe('waiting');
  expect(progress(undefined, false, NOW - 15 * day).state).toBe('unknown');
});

test('the next attempt comes after the backoff of the job in the message that has failed most often', () => {
  const attempts = { 3: failed({ count: 1, deaths: 1 }) };
  expect(progress(record({ pending: jobs(3, 4), attempts }))).toEqual({
    state: 'retrying',
    attempts: {
      ...{ failed: 1, deaths: 1, firstAt: after(-60), lastAt: after(0), reason: 'no', permanent: false },
    },
    nextAttempt: { from: after(5), to: after(10) },
  });
  const later = record({ pending: jobs(3, 4), attempts: { ...attempts, 4: failed() } });
  expect(progress(later).nextAttempt).toEqual({ from: after(10), to: after(20) });
});

test('an exhausted job has no next attempt', () => {
  for (const change of [{ count: 3 }, { permanent: true as const }, { deaths: 3 }]) {
    const found = progress(record({ pending: jobs(3), attempts: { 3: failed(change) } }));
    expect(found.state).toBe('retrying');
    expect(found.nextAttempt).toBeUndefined();
  }
});
