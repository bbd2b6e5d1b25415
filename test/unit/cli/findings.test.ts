import { expect, test } from 'vitest';
import { findingsOf, warningsOf } from '../../../cli/runs/findings.ts';
import type { Status } from '../../../functions/status.ts';
import { CONDITIONS } from '../../../infra-cdk/settings/conditions.ts';
import { sampleStatus } from './fixtures.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const MINUTE = 60_000;
const DAY = 86_400_000;
const before = (ms: number) => new Date(NOW - ms).toISOString();

/** A run with nothing to report: its last tick fired a minute ago, and its jobs wait since then. */
const HEALTHY: Partial<Status> = {
  y: 5,
  lastTickAt: before(MINUTE),
  nextTickAt: before(-4 * MINUTE),
  oldestPendingAt: before(MINUTE),
  queue: { visible: 40, inFlight: 9, delayed: 0, deadLetters: 0 },
};

/** The conditions that need attention. */
const bad = (more: Partial<Status>, abandoned = 0) =>
  findingsOf(sampleStatus({ ...HEALTHY, ...more }), abandoned, NOW)
    .filter(({ ok }) => !ok)
    .map(({ condition, found }) => [condition, found]);

test('a healthy run needs no attention', () => {
  expect(bad({})).toEqual([]);
  expect(bad({ processed: 1_990, oldestPendingAt: null })).toEqual([]);
  expect(bad({ runId: null, running: false, nextTickAt: null, oldestPendingAt: null })).toEqual([]);
});

test.each<[string, Partial<Status>, Partial<Status>, RegExp]>([
  ['dead-letters', { queue: { visible: 0, inFlight: 0, delayed: 0, deadLetters: 1 } }, {}, /^1 dead letter$/],
  [
    'overdue',
    { oldestPendingAt: before(5 * MINUTE + 1) },
    { oldestPendingAt: before(5 * MINUTE) },
    /^5 min 0 s, 5 min 0 s between two ticks; 490 jobs pending$/,
  ],
  [
    'overdue',
    { ...CRON(), oldestPendingAt: before(61 * MINUTE) },
    { ...CRON(), oldestPendingAt: before(59 * MINUTE) },
    /^1 h 1 min, 1 h 0 min between/,
  ],
  ['no-firing', { nextTickAt: before(3 * MINUTE + 1) }, { nextTickAt: before(3 * MINUTE) }, /3 min 0 s late/],
  ['missed-ticks', missed(60 * MINUTE), missed(60 * MINUTE + 1), /1 h 0 min ago: too late$/],
  [
    'backlog-retention',
    { y: 20_000, oldestPendingAt: before(7 * DAY) },
    { y: 20_000, oldestPendingAt: before(6.9 * DAY) },
    /^a job may wait 7\.0 days, of the 14 days that the queue keeps it$/,
  ],
  // 490 jobs at one per 20 minutes need 6.8 days.
  [
    'backlog-retention',
    { y: 20_000, oldestPendingAt: before(DAY / 2), jobsPerSecond: 1 / 1_200 },
    { y: 20_000, oldestPendingAt: before(DAY / 10), jobsPerSecond: 1 / 1_200 },
    /^a job may wait 7\.3 days/,
  ],
])('%s needs attention from its limit on', (condition, beyond, within, found) => {
  expect(bad(beyond)).toEqual([[condition, expect.stringMatching(found)]]);
  expect(bad(within)).toEqual([]);
});

test('abandoned events need attention, if their queue was read', () => {
  expect(bad({}, 2)).toEqual([['abandoned-events', '2 abandoned events']]);
  expect(warningsOf(sampleStatus(HEALTHY), NOW)).toEqual([]);
});

test('a stopped run is not silent', () => {
  expect(bad({ running: false, nextTickAt: before(DAY) })).toEqual([]);
});

test('a warning has the words of its alarm', () => {
  const queue = { visible: 0, inFlight: 0, delayed: 0, deadLetters: 3 };
  expect(warningsOf(sampleStatus({ ...HEALTHY, queue }), NOW)).toEqual([
    { condition: 'dead-letters', found: '3 dead letters', ...CONDITIONS['dead-letters'] },
  ]);
});

/** A run every hour. */
function CRON(): Partial<Status> {
  return { y: null, cron: '0 * * * *', timezone: 'UTC', nextTickAt: before(-59 * MINUTE) };
}

function missed(ms: number): Partial<Status> {
  return { lastMiss: { tick: 3, at: before(ms), reason: 'too late' } };
}
