import { tolerating } from '../../functions/core/enqueue.ts';
import { type JobId, newRunId, newWorkerId, type RunId, type WorkerId } from '../../functions/core/ids.ts';
import { count as countJobs } from '../../functions/core/ledger/message.ts';
import { readSchedule, startRun, stopRun } from '../../functions/core/ledger/run.ts';
import { MAX_TRANSACTION, type Table, transact } from '../../functions/core/ledger/table.ts';
import { addToWorker, foldRetired, RETIRED_AFTER_MS } from '../../functions/core/ledger/worker.ts';
import type { Message } from '../../functions/core/message.ts';
import { settle, untouched } from '../../functions/core/settlement.ts';
import { piecesOf } from '../pieces.ts';

/** What a run has been through. */
export interface Past {
  /** Workers that are still counted one by one. */
  workers: number;
  /** Workers that have come and gone before these, and are folded into the run. */
  gone: number;
  /** Jobs that were counted message by message, by these workers. */
  jobs: number;
}

/** Environments that come and go together; Drumline folds what is gone every minute. */
const GENERATION = 1_000;

const JOBS_PER_MESSAGE = 100;

/** Writes a run's past into the ledger, by the ledger's own code. The scheduler and the consumer play no part. */
export async function writePast(table: Table, { workers, gone, jobs }: Past): Promise<RunId> {
  const startedAt = Date.now();
  const schedule = await readSchedule(table);
  const run = { runId: newRunId(startedAt), x: 1, y: 1_440, pace: 'burst' as const };
  await startRun(table, schedule, { ...run, backfillMinutes: 0, startedAt, firstFreeJobId: 1 as JobId });
  const { runId } = run;
  // Else the deployed scheduler would have it tick.
  await stopRun(table, runId, startedAt);
  for (let left = gone; left > 0; left -= GENERATION) {
    await appear(table, runId, names(Math.min(left, GENERATION)), startedAt - 2 * RETIRED_AFTER_MS);
    // The deployed scheduler folds as well, once a minute; what the one misses the other finds.
    await tolerating(() => foldRetired(table, runId, startedAt));
  }
  const present = names(workers);
  await appear(table, runId, present, startedAt);
  await countAll(table, runId, present, jobs, startedAt);
  return runId;
}

function names(count: number): WorkerId[] {
  return Array.from({ length: count }, newWorkerId);
}

/** Each counts one job. */
async function appear(table: Table, runId: RunId, workers: WorkerId[], at: number): Promise<void> {
  for (const some of piecesOf(workers, MAX_TRANSACTION))
    await transact(
      table,
      some.map((id) => addToWorker(table, runId, id, { processed: 1, failed: 0 }, at)),
    );
}

async function countAll(
  table: Table,
  runId: RunId,
  workers: WorkerId[],
  jobs: number,
  now: number,
): Promise<void> {
  const messages = Array.from({ length: Math.ceil(jobs / JOBS_PER_MESSAGE) }, (_, at): Message => {
    const first = at * JOBS_PER_MESSAGE + 1;
    const last = Math.min(jobs, first + JOBS_PER_MESSAGE - 1);
    return { v: 1, runId, tick: 1, first: first as JobId, last: last as JobId, enqueuedAt: now };
  });
  let turn = 0;
  for (const some of piecesOf(messages, MAX_TRANSACTION - 1)) {
    const worker = workers[turn++ % workers.length] as WorkerId;
    const entries = some.map((message) => ({
      message,
      record: untouched(message),
      index: { name: 'results' },
    }));
    const counting = { table, worker, now, expiresAt: Math.ceil(now / 1_000) + 86_400 };
    await countJobs(counting, entries, ({ message, record }) =>
      settle(
        message,
        record,
        record.pending.map((jobId) => ({ kind: 'done', jobId })),
        now,
      ),
    );
  }
}
