import type { RunId } from '../ids.ts';
import { type Run, readRun } from './run.ts';
import type { Table } from './table.ts';
import { listWorkers, type WorkerCount } from './worker.ts';

/** A run and what has been counted in it, at one moment. */
export interface Totals {
  run: Run;
  processed: number;
  failed: number;
  workers: WorkerCount[];
}

/**
 * Reads a run's counters so that they never run ahead: `processed + failed ≤ enqueued`, in every answer.
 *
 *     run₁ ──► workers ──► run₂
 *
 * A job is enqueued before it can be counted by a worker, so `enqueued`, read after the workers, covers all that
 * they had counted. When workers were folded into the run meanwhile, they could be missed or met twice: read again.
 */
export async function readTotals(table: Table, runId: RunId): Promise<Totals | undefined> {
  let before = await readRun(table, runId);
  while (before) {
    const workers = await listWorkers(table, runId);
    const run = await readRun(table, runId);
    if (!run) return undefined;
    if (run.retired.workers === before.retired.workers) {
      return {
        run,
        processed: workers.reduce((sum, worker) => sum + worker.processed, run.retired.processed),
        failed: workers.reduce((sum, worker) => sum + worker.failed, run.retired.failed),
        workers,
      };
    }
    before = run;
  }
  return undefined;
}
