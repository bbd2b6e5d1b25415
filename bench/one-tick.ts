import { readSchedule, startRun } from '../functions/core/ledger/runs.ts';
import type { Table } from '../functions/core/ledger/table.ts';
import { type JobId, newRunId, type RunId } from '../functions/core/model/ids.ts';

/** Starts a run with a tick that is due at once, and no other for a day. Its documents belong in an index of the table's name. */
export async function startOneTick(table: Table, jobs: number): Promise<RunId> {
  const startedAt = Date.now();
  const runId = newRunId(startedAt);
  await startRun(table, await readSchedule(table), {
    runId,
    x: jobs,
    y: 1_440,
    pace: 'burst',
    indexing: { index: table.name, monthly: false },
    backfillMinutes: 0,
    startedAt,
    firstFreeJobId: 1 as JobId,
  });
  return runId;
}
