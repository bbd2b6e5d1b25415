import type { RunId } from '../model/ids.ts';
import { type Counter, listCounters } from './counters.ts';
import { type Run, readRun } from './runs.ts';
import type { Table } from './table.ts';

/** A run and what has been counted in it. */
export interface Totals {
  run: Run;
  processed: number;
  failed: number;
  /** What each worker has counted that still holds a counter. */
  workers: Counter[];
  /** What the workers before them have counted, and how many they were. */
  retired: Counter['retired'];
}

/**
 * Reads a run's counters so that they never run ahead: `processed + failed ≤ enqueued`, in every answer.
 *
 *     counters ──► run
 *
 * A job is enqueued before it can be counted, so `enqueued`, read after the counters, covers all that they had counted.
 * @throws Unavailable
 */
export async function readTotals(table: Table, runId: RunId): Promise<Totals | undefined> {
  const workers = await listCounters(table, runId);
  const run = await readRun(table, runId);
  if (!run) return undefined;
  const sum = (of: (counter: Counter) => number) =>
    workers.reduce((total, counter) => total + of(counter), 0);
  return {
    run,
    processed: sum(({ processed, retired }) => processed + retired.processed),
    // A job may be given up by one worker and done by another while both counters are read: that is no failure.
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
