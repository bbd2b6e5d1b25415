import { WorkerCounters } from '../../functions/core/ledger/counters.ts';
import { LedgerWriter, type RecordedMessage } from '../../functions/core/ledger/message-records.ts';
import { type NewRun, type Run, readRun, readSchedule, startRun } from '../../functions/core/ledger/runs.ts';
import type { Table } from '../../functions/core/ledger/table.ts';
import { type JobId, newRunId, type WorkerId } from '../../functions/core/model/ids.ts';
import { newRecord } from '../../functions/core/model/message-record.ts';

export const NOW = Date.UTC(2026, 0, 1);
export const RUN = newRunId(NOW);
export const SCHEDULE_KEY = { pk: 'SCHEDULE', sk: 'SCHEDULE' };

export function aRun(different: Partial<NewRun> = {}): NewRun {
  return {
    ...{ runId: RUN, x: 100, y: 5, pace: 'burst', backfillMinutes: 0, startedAt: NOW },
    ...{ firstFreeJobId: 1 as JobId, indexing: { index: 'results', monthly: false } },
    ...different,
  };
}

/** Starts the run, and reads it. */
export async function started(table: Table): Promise<Run> {
  await startRun(table, await readSchedule(table), aRun());
  return (await readRun(table, RUN)) as Run;
}

/** A writer of a worker, by a clock that a test may move. */
export function writerOf(table: Table, worker: string, clock = () => NOW): LedgerWriter {
  return new LedgerWriter(table, new WorkerCounters(table, worker as WorkerId), clock, 86_400);
}

/** The state of a message of ten jobs that is believed never to have been written. */
export function aState(at = 0): RecordedMessage {
  const message = { runId: RUN, tick: 1, first: (at * 10 + 1) as JobId, last: (at * 10 + 10) as JobId };
  return { message, record: newRecord(message) };
}

/** The record when all its jobs are processed. */
export const processed = ({ record }: RecordedMessage) =>
  record.pending.length === 0 ? record : { ...record, pending: [] };
