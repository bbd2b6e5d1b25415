import type { Status } from '../../functions/status.ts';

/** What one worker has processed, and its share of all that is processed, from 0 to 1. */
export interface Share {
  id: string;
  processed: number;
  share: number;
}

/** Each worker's share, the largest first. */
export function sharesOf({ workers, retiredWorkers }: Pick<Status, 'workers' | 'retiredWorkers'>): Share[] {
  const total = workers.reduce((sum, { processed }) => sum + processed, retiredWorkers.processed);
  return workers
    .map(({ id, processed }) => ({ id, processed, share: total > 0 ? processed / total : 0 }))
    .sort((one, other) => other.processed - one.processed || (one.id < other.id ? -1 : 1));
}

/** When a worker last counted a job, in milliseconds since 1970; undefined if none has. */
export function lastCountAt({ workers }: Pick<Status, 'workers'>): number | undefined {
  const times = workers.map(({ lastSeenAt }) => Date.parse(lastSeenAt));
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** Jobs that are enqueued, and neither processed nor failed. */
export function pendingOf(status: Pick<Status, 'enqueued' | 'processed' | 'failed'>): number {
  return status.enqueued - status.processed - status.failed;
}

/** Null if no time has passed. */
export function jobsPerMinute(jobs: number, ms: number): number | null {
  return ms > 0 ? Math.round((jobs / ms) * 60_000) : null;
}

const RATE_WINDOW_MS = 10_000;

/** Measures the rate of jobs over the last ten seconds, from samples of a counter. */
export class RateMeter {
  #samples: { at: number; done: number }[] = [];

  /** @returns jobs per minute; null until there are two samples */
  sample(done: number, at = Date.now()): number | null {
    const last = this.#samples.at(-1);
    // The counter of another run starts from zero.
    if (last && done < last.done) this.#samples = [];
    this.#samples.push({ at, done });
    // The newest sample that is older than the window stays: the window begins there.
    while ((this.#samples[1]?.at ?? at) <= at - RATE_WINDOW_MS) this.#samples.shift();
    const [first] = this.#samples;
    return first && first.at < at ? jobsPerMinute(done - first.done, at - first.at) : null;
  }
}

/**
 * Measures how long a run was busy: for each tick, from its start to the last count before the next tick. The idle time
 * between ticks follows from the schedule and says nothing about throughput.
 *
 *     tick 1      last count        tick 2      last count
 *     ├───── busy ─────┤            ├───── busy ─────┤
 */
export class BusyTime {
  readonly #msByTick = new Map<number, number>();

  sample(status: Pick<Status, 'tick' | 'startedAt' | 'lastTickAt' | 'workers'>): void {
    // The first tick starts with the run, so that the workers' cold start counts.
    const from = status.tick === 1 ? status.startedAt : status.lastTickAt;
    const to = lastCountAt(status);
    if (from === null || to === undefined || status.tick === 0) return;
    this.#msByTick.set(status.tick, Math.max(0, to - Date.parse(from)));
  }

  /** Milliseconds. */
  get ms(): number {
    return [...this.#msByTick.values()].reduce((sum, ms) => sum + ms, 0);
  }
}

/** The shares as `shared 52 / 48 %`; empty for fewer than two workers, and for more than eight. */
export function percentShares(status: Pick<Status, 'workers' | 'retiredWorkers'>): string {
  const shares = sharesOf(status);
  if (shares.length < 2 || shares.length > 8) return '';
  return `shared ${shares.map(({ share }) => Math.round(share * 100)).join(' / ')} %`;
}
