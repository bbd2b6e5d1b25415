import type { JobId, RunId } from '../../../functions/core/ids.ts';
import type { Message } from '../../../functions/core/message.ts';
import type { Tick } from '../../../functions/core/tick.ts';

export const RUN = '20261123-214512-k3f9' as RunId;

/** A moment, in milliseconds since 1970. */
export const NOW = Date.UTC(2026, 10, 23, 21, 45, 12);

/** Ten jobs of a run's first tick, 1–10, unless said otherwise. */
export function message(change: Partial<Message> = {}): Message {
  return {
    v: 1,
    runId: RUN,
    tick: 1,
    first: job(1),
    last: job(10),
    enqueuedAt: NOW,
    ...change,
  };
}

/** A tick of 100 jobs in messages of 10, nothing claimed yet, unless said otherwise. */
export function tick(change: Partial<Tick> = {}): Tick {
  return {
    runId: RUN,
    tick: 1,
    firstJob: job(1),
    count: 100,
    claimed: 0,
    sent: 0,
    jobsPerMessage: 10,
    dueAt: NOW,
    claimedAt: NOW,
    sliceClaimedAt: NOW,
    spreadMs: 0,
    index: { name: 'results' },
    ...change,
  };
}

export function job(number: number): JobId {
  return number as JobId;
}

export function jobs(...numbers: number[]): JobId[] {
  return numbers.map(job);
}
