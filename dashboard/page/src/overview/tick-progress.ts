import { pendingOf } from '../../../../cli/runs/statistics.ts';
import type { Status } from '../../../../functions/status.ts';
import type { History } from '../../../protocol.ts';

/** How far the current tick is. */
export interface TickProgress {
  tick: number;
  /** Jobs of the tick. */
  jobs: number;
  /** Those that are processed or failed, as if jobs ended in the order in which they were enqueued. */
  done: number;
  /** Pending jobs of earlier ticks, which are done first. */
  earlier: number;
}

/**
 * Undefined before the first tick, and if the number of the tick's jobs is not known.
 * @param now the server's time, in milliseconds since 1970
 */
export function tickProgress(status: Status, ticks: History['ticks'], now: number): TickProgress | undefined {
  if (status.tick === 0) return undefined;
  const jobs =
    ticks.find(({ tick }) => tick === status.tick)?.jobs ?? (status.x === 'all' ? undefined : status.x);
  if (jobs === undefined || jobs === 0) return undefined;
  const enqueued = enqueuedOfTick(status, jobs, now);
  const pending = pendingOf(status);
  const earlier = Math.max(0, pending - enqueued);
  const done = Math.max(0, enqueued - pending);
  return { tick: status.tick, jobs, done, earlier };
}

/** How many jobs of the current tick are enqueued. */
function enqueuedOfTick(status: Status, jobs: number, now: number): number {
  if (status.firedTicks === 1) return Math.min(jobs, status.enqueued);
  // An even pace enqueues the jobs one after the other until the next tick.
  if (status.pace !== 'even' || status.lastTickAt === null || status.nextTickAt === null) return jobs;
  const from = Date.parse(status.lastTickAt);
  const share = (now - from) / Math.max(1, Date.parse(status.nextTickAt) - from);
  return Math.round(jobs * Math.min(1, Math.max(0, share)));
}
