import { expect, test } from 'vitest';
import { warningsOf } from '../../../../cli/runs/findings.ts';
import type { Health } from '../../../../dashboard/protocol.ts';
import { healthOf } from '../../../../dashboard/server/health.ts';
import type { Status } from '../../../../functions/status.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1_000).toISOString();

const RUNNING = {
  ...{
    running: true,
    runId: 'r',
    x: 100,
    y: 5,
    enqueued: 500,
    processed: 500,
    failed: 0,
    tick: 5,
    firedTicks: 5,
  },
  ...{ missedTicks: 0, lastMiss: null, oldestPendingAt: null, lastTickAt: at(60), nextTickAt: at(-240) },
  queue: { visible: 0, inFlight: 0, delayed: 0, deadLetters: 0 },
  scaling: { setting: '', rule: null, state: 'settled', decision: null, change: null },
  workers: [{ id: 'a', processed: 500, lastSeenAt: at(50) }],
} as unknown as Status;
const BUSY = { processed: 400, oldestPendingAt: at(60), queue: { ...RUNNING.queue, visible: 10 } };
const WORKS = [{ id: 'a', processed: 400, lastSeenAt: at(1) }];

const UNREACHABLE = { code: 'not_running', message: 'The local cloud is not running.', nextStep: 'Run: up' };

test.each<[string, Partial<Status> | undefined, Health['state'], RegExp, RegExp | undefined]>([
  ['nothing is known yet', undefined, 'unknown', /^Reading the status …$/, undefined],
  ['no run yet', { runId: null, running: false }, 'idle', /no run yet/, /start --x/],
  ['all jobs are done', {}, 'healthy', /^All is well. Every enqueued job is done.$/, undefined],
  [
    'jobs are done',
    { ...BUSY, workers: WORKS },
    'healthy',
    /^All is well. 100 jobs are left, done in about 10 s.$/,
    undefined,
  ],
  [
    'the last jobs',
    { ...BUSY, workers: WORKS, running: false },
    'healthy',
    /^The run is stopped. 100 jobs are left/,
    undefined,
  ],
  ['a run has ended', { running: false }, 'idle', /^No run is active/, undefined],
  [
    'nobody works',
    { ...BUSY, oldestPendingAt: at(200), lastTickAt: at(200), workers: [] },
    'broken',
    /^100 jobs wait, and no worker has counted one for 4 min.$/,
    /logs consumer/,
  ],
  [
    'jobs wait for their next attempt',
    { ...BUSY, oldestPendingAt: at(200), lastTickAt: at(200), workers: [], queue: RUNNING.queue },
    'healthy',
    /100 jobs are left/,
    undefined,
  ],
  [
    'dead letters',
    { queue: { ...RUNNING.queue, deadLetters: 3 } },
    'attention',
    /^Dead letters are present\.$/,
    /dead-letters list/,
  ],
  [
    'the gravest comes first',
    { nextTickAt: at(600), queue: { ...RUNNING.queue, deadLetters: 3 } },
    'broken',
    /^The scheduler has not run .*\(and 1 more\).$/,
    /logs scheduler/,
  ],
  [
    'the autoscaler is refused',
    { scaling: { ...RUNNING.scaling, state: 'refused', decision: { problem: 'AWS leaves 10.' } as never } },
    'attention',
    /could not be changed: AWS leaves 10.$/,
    /scale N/,
  ],
])('%s', (_name, change, state, sentence, action) => {
  const status = change && { ...RUNNING, ...change };
  const warnings = status ? warningsOf(status, NOW) : [];
  const facts = { status, warnings, jobsPerSecond: 10, problem: undefined, now: NOW };
  const health = healthOf(facts);
  expect(health.state).toBe(state);
  expect(health.sentence).toMatch(sentence);
  if (action) expect(health.action).toMatch(action);
  else expect(health).not.toHaveProperty('action');
  const gone = healthOf({ ...facts, problem: UNREACHABLE });
  expect(gone).toEqual({ state: 'broken', sentence: UNREACHABLE.message, action: UNREACHABLE.nextStep });
});
