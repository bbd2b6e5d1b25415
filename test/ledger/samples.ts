import { type JobId, newRunId } from '../../functions/core/ids.ts';
import { type NewRun, type Run, readRun, readSchedule, startRun } from '../../functions/core/ledger/run.ts';
import type { Table } from '../../functions/core/ledger/table.ts';

export const NOW = Date.UTC(2026, 0, 1);
export const RUN = newRunId(NOW);
export const SCHEDULE_KEY = { pk: 'SCHEDULE', sk: 'SCHEDULE' };

export function aRun(different: Partial<NewRun> = {}): NewRun {
  return {
    ...{ runId: RUN, x: 100, y: 5, pace: 'burst', backfillMinutes: 0, startedAt: NOW },
    firstFreeJobId: 1 as JobId,
    ...different,
  };
}

/** Starts the run, and reads it. */
export async function started(table: Table): Promise<Run> {
  await startRun(table, await readSchedule(table), aRun());
  return (await readRun(table, RUN)) as Run;
}
