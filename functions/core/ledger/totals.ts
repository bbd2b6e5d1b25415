import type { JobId, RunId } from '../model/ids.ts';
import { jobDueAt } from '../model/tick.ts';
import { combineTimings, type Timing } from '../model/timing.ts';
import { type Counter, listCounters } from './counters.ts';
import { type Run, readRun } from './runs.ts';
import type { Table } from './table.ts';
import { findTickOf } from './ticks.ts';

/** A run and its totals. `processed + failed ≤ run.enqueued`. */
export interface Totals {
  run: Run;
  processed: number;
  failed: number;
  /** The counters of the workers that still hold one. */
  workers: Counter[];
  /** How long jobs take, by the workers' timings as of the newest one; absent before the first. */
  timing?: Timing;
  /** What retired workers counted, and how many there were. */
  retired: Counter['retired'];
}

/**
 * Reads a run and its counters; undefined if there is no such run. Every result has `processed + failed ≤ enqueued`:
 *
 *     counters ──► run
 *
 * A job is counted as enqueued before it can be processed. So `enqueued`, which is read after the counters, includes
 * every job that they contain.
 * @throws Unavailable
 */
export async function readTotals(table: Table, runId: RunId): Promise<Totals | undefined> {
  const workers = await listCounters(table, runId);
  const run = await readRun(table, runId);
  if (!run) return undefined;
  const sum = (fieldOf: (counter: Counter) => number) =>
    workers.reduce((total, counter) => total + fieldOf(counter), 0);
  const timings = workers.flatMap((counter) => counter.timing ?? []);
  const timing = combineTimings(timings);
  return {
    run,
    ...(timing && { timing }),
    processed: sum(({ processed, retired }) => processed + retired.processed),
    // May be negative if one worker counts a job as failed and another recovers it while both counters are read.
    failed: Math.max(
      0,
      sum(({ failed, retired }) => failed + retired.failed),
    ),
    workers,
    retired: {
      processed: sum(({ retired }) => retired.processed),
      failed: sum(({ retired }) => retired.failed),
      workers: sum(({ retired }) => retired.workers),
    },
  };
}

/**
 * When the oldest pending job was due, in milliseconds since 1970; undefined if none is pending. The ledger does not know
 * which jobs are pending, so this is the job that is due next if jobs end in the order in which they were enqueued.
 * @throws Unavailable
 */
export async function oldestPendingAt(
  table: Table,
  { run, processed, failed }: Pick<Totals, 'run' | 'processed' | 'failed'>,
): Promise<number | undefined> {
  const done = processed + failed;
  if (run.firstJobId === undefined || done >= run.enqueued) return undefined;
  const jobId = (run.firstJobId + done) as JobId;
  const tick = await findTickOf(table, run.runId, run.tick, jobId);
  return tick && jobDueAt(tick, jobId - tick.firstJob);
}
