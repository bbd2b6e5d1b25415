/** How long jobs take, as one or several workers have measured lately. Durations are milliseconds. */
export interface Timing {
  /** Mean time that a job runs, from its start to its end, whether or not it fails. */
  jobMs: number;
  /**
   * Mean time that a job waited, from when its message could be received (`receivableAt`) until its first attempt began.
   * Jobs of messages that were delivered before do not count: retries, and what waited for the end of an outage. Absent
   * before the first job that counts, and in what earlier versions of the code measured.
   */
  waitMs?: number;
  /**
   * Mean time of a worker per job: the duration of full batches divided by the number of their jobs. So a busy worker does
   * `1_000 / workerMs` jobs per second. It is less than `jobMs` if a worker runs several jobs at the same time. The time of
   * a batch with too few jobs to keep the worker busy counts only in part (`neededShare`).
   */
  workerMs: number;
  /** How many jobs the means stand for: recent jobs count fully, older ones less. At most 5,000 of a worker. */
  jobs: number;
  /** When the last of the jobs ended, in milliseconds since 1970. */
  at: number;
}

/** After this time a figure has half of its weight, in milliseconds. Jobs that become slower show within minutes. */
export const TIMING_HALF_LIFE_MS = 60_000;

/**
 * The mean of several workers' timings, each weighted by its jobs and by its age. `jobs` of the mean decreases as its
 * parts become older.
 * @param now milliseconds since 1970; the time of the newest timing unless given
 * @returns undefined if there is none
 */
export function combineTimings(timings: readonly Timing[], now?: number): Timing | undefined {
  // The weights are relative to the newest timing, so that the means are exact however old that one is.
  const at = Math.max(...timings.map((timing) => timing.at));
  const weighted = timings.map((timing) => ({ timing, weight: timing.jobs * decay(at - timing.at) }));
  const jobs = weighted.reduce((sum, { weight }) => sum + weight, 0);
  if (jobs === 0) return undefined;
  const mean = (of: (timing: Timing) => number | undefined) => {
    const known = weighted.filter(({ timing }) => of(timing) !== undefined);
    const total = known.reduce((sum, { weight }) => sum + weight, 0);
    return known.reduce((sum, { timing, weight }) => sum + (of(timing) as number) * weight, 0) / total;
  };
  const waitMs = mean((timing) => timing.waitMs);
  return {
    jobMs: mean(({ jobMs }) => jobMs),
    ...(!Number.isNaN(waitMs) && { waitMs }),
    workerMs: mean(({ workerMs }) => workerMs),
    jobs: jobs * decay((now ?? at) - at),
    at,
  };
}

/** The share of its weight that a figure keeps after `ms` milliseconds: 1 to 0. */
function decay(ms: number): number {
  return 2 ** (-Math.max(0, ms) / TIMING_HALF_LIFE_MS);
}

/** The jobs that ran in one batch, and how long each ran and waited on average, in milliseconds. */
export interface RanJobs {
  jobs: number;
  jobMs: number;
  /** As `Timing.waitMs`: absent if no job had its first attempt in the batch. */
  waitMs?: number;
}

/** A worker's means stand for at most this many jobs. Otherwise many fast jobs would hide for long that jobs became slow. */
const MAX_JOBS = 5_000;

/** Measures how long one worker's jobs take, over all its batches. All times are milliseconds. */
export class TimingMeter {
  /** Sums whose older parts count less. */
  #jobs = 0;
  #jobMs = 0;
  #workerMs = 0;
  #firstAttempts = 0;
  #waitMs = 0;
  /** When the sums were last decayed, in milliseconds since 1970. */
  #at = 0;
  /** The part of the current batch that is not in the sums yet began here; undefined between batches. */
  #since: number | undefined;
  /** The current batch, or the last one: when it began, its jobs so far, and how long they ran and waited together. */
  #batch = newBatch(0, 1);
  /** Time of the current batch. It decays as the sums do, and becomes part of them at the end of the batch. */
  #batchMs = 0;

  /**
   * @param now milliseconds since 1970, as below
   * @param slots how many jobs the worker can run at the same time
   */
  beginBatch(now: number, slots = 1): void {
    this.#since = now;
    this.#batch = newBatch(now, slots);
  }

  /**
   * Records that a job of the current batch ran, whether or not it failed.
   * @param waitMs how long it waited, if this was its first attempt (`Timing.waitMs`)
   */
  recordJob(ms: number, now: number, waitMs?: number): void {
    this.#batch.jobs++;
    this.#batch.jobMs += ms;
    // The time first, so that it decays with the jobs that it was needed for.
    this.#addTimeUntil(now);
    this.#jobs++;
    this.#jobMs += ms;
    if (waitMs !== undefined) {
      // The clock of the scheduler, which enqueued the job, may be ahead of this one.
      const waited = Math.max(0, waitMs);
      this.#firstAttempts++;
      this.#waitMs += waited;
      this.#batch.firstAttempts++;
      this.#batch.waitMs += waited;
    }
    if (this.#jobs > MAX_JOBS) this.#keep(MAX_JOBS / this.#jobs);
  }

  /** Ends the batch. One without jobs does not count: nothing could be done, as in an outage. */
  endBatch(now: number): void {
    this.#addTimeUntil(now);
    this.#workerMs += this.#batchMs * neededShare(this.#batch, now);
    this.#batchMs = 0;
    this.#since = undefined;
  }

  /** What was measured so far, the current batch included; undefined before the first job. */
  timingAt(now: number): Timing | undefined {
    this.#addTimeUntil(now);
    if (this.#jobs === 0) return undefined;
    const workerMs = this.#workerMs + this.#batchMs * neededShare(this.#batch, now);
    return {
      jobMs: rounded(this.#jobMs / this.#jobs),
      ...meanWait(this.#waitMs, this.#firstAttempts),
      workerMs: rounded(workerMs / this.#jobs),
      jobs: rounded(this.#jobs),
      at: this.#at,
    };
  }

  /** The jobs of the current batch so far, or of the last batch; undefined if none ran. */
  ranJobs(): RanJobs | undefined {
    const { jobs, jobMs, firstAttempts, waitMs } = this.#batch;
    if (jobs === 0) return undefined;
    return { jobs, jobMs: rounded(jobMs / jobs), ...meanWait(waitMs, firstAttempts) };
  }

  #addTimeUntil(now: number): void {
    if (this.#since === undefined || this.#batch.jobs === 0) return;
    this.#decayTo(now);
    this.#batchMs += Math.max(0, now - this.#since);
    this.#since = now;
  }

  #decayTo(now: number): void {
    this.#keep(decay(now - this.#at));
    this.#at = Math.max(this.#at, now);
  }

  /** @param share 0 to 1 */
  #keep(share: number): void {
    this.#jobs *= share;
    this.#jobMs *= share;
    this.#workerMs *= share;
    this.#firstAttempts *= share;
    this.#waitMs *= share;
    this.#batchMs *= share;
  }
}

/**
 * The share of a batch's time that its jobs needed, 0 to 1: less than 1 if the batch had fewer jobs than the worker can
 * run at the same time, and they ran at the same time. Without this, small batches, as a steady flow of jobs makes them,
 * would make a worker look slower than it is, and the autoscaler would add workers, which makes the batches smaller still.
 * A single job counts as one that leaves room for others. If it does not, because it needs the CPU, a backlog builds up, and
 * the next batches are full.
 */
function neededShare(
  { startedAt, slots, jobs, jobMs }: { startedAt: number; slots: number; jobs: number; jobMs: number },
  now: number,
): number {
  if (jobs === 0 || jobs >= slots) return 1;
  const running = jobMs / Math.max(1, now - startedAt);
  const overlap = jobs === 1 ? 1 : Math.min(1, Math.max(0, (running - 1) / (jobs - 1)));
  return 1 - overlap * (1 - jobs / slots);
}

function newBatch(startedAt: number, slots: number) {
  return { startedAt, slots, jobs: 0, jobMs: 0, firstAttempts: 0, waitMs: 0 };
}

/** The mean in whole milliseconds, as the clocks that it is measured with. */
function meanWait(waitMs: number, firstAttempts: number): { waitMs?: number } {
  return firstAttempts === 0 ? {} : { waitMs: Math.round(waitMs / firstAttempts) };
}

/** Rounded to microseconds, which keeps the ledger's items small. */
const rounded = (ms: number) => Math.round(ms * 1_000) / 1_000;
