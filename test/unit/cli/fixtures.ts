import type { Status } from '../../../functions/status.ts';

/** A status of a run during its second tick. */
export function sampleStatus(more: Partial<Status> = {}): Status {
  return {
    running: true,
    x: 1_000,
    y: 1,
    pace: 'burst',
    runId: '20261123-214512-k3f9',
    enqueued: 2_000,
    processed: 1_500,
    failed: 10,
    tick: 2,
    missedTicks: 0,
    lastMiss: null,
    firedTicks: 1,
    startedAt: '2026-11-23T21:45:12.000Z',
    stoppedAt: null,
    lastTickAt: '2026-11-23T21:46:12.000Z',
    nextTickAt: '2026-11-23T21:47:12.000Z',
    concurrency: 2,
    scaling: { setting: '', rule: { min: 2, max: 2 }, state: 'settled', decision: null, change: null },
    oldestPendingAt: '2026-11-23T21:46:12.000Z',
    queue: { visible: 40, inFlight: 9, delayed: 0, deadLetters: 10 },
    workers: [
      { id: 'worker-aaaaaaaa', processed: 600, lastSeenAt: '2026-11-23T21:46:20.000Z' },
      { id: 'worker-bbbbbbbb', processed: 900, lastSeenAt: '2026-11-23T21:46:21.000Z' },
    ],
    retiredWorkers: { count: 0, processed: 0 },
    ...more,
  };
}
