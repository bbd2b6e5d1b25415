import pMap from 'p-map';
import { RETIRED_AFTER_MS, WorkerCounters } from '../../functions/core/ledger/counters.ts';
import { LedgerWriter, type RecordedMessage } from '../../functions/core/ledger/message-records.ts';
import { stopRun } from '../../functions/core/ledger/runs.ts';
import { MAX_TRANSACTION_WRITES, type Table } from '../../functions/core/ledger/table.ts';
import { type JobId, newWorkerId, type RunId } from '../../functions/core/model/ids.ts';
import type { MessageRange } from '../../functions/core/model/message.ts';
import { applyOutcomes, newRecord } from '../../functions/core/model/message-record.ts';
import { startOneTick } from '../one-tick.ts';
import { piecesOf } from '../pieces.ts';
import { LEDGER_TTL_SECONDS } from '../worker/in-process.ts';

/** What a run has been through. */
export interface Past {
  /** Workers that hold a counter. */
  workers: number;
  /** Workers that have come, counted a job and gone before these. */
  gone: number;
  /** Jobs that were counted message by message, by these workers. */
  jobs: number;
}

/** Environments that come and go together. */
const GENERATION = 100;

/** Workers that begin to count at a time. */
const AT_ONCE = 10;

const JOBS_PER_MESSAGE = 100;

/** Writes a run's past into the ledger, by the ledger's own code. The scheduler and the consumer play no part. */
export async function writePast(table: Table, { workers, gone, jobs }: Past): Promise<RunId> {
  const runId = await startOneTick(table, 1);
  const now = Date.now();
  // Else the deployed scheduler would have it tick.
  await stopRun(table, runId, now);
  const one = messagesOf(runId, gone + workers, 1, 1);
  const generations = [...piecesOf(one.slice(0, gone), GENERATION)];
  for (const [at, generation] of generations.entries()) {
    const then = now - 2 * RETIRED_AFTER_MS * (generations.length - at);
    // One after the other: those that come together may want the same counter of one that is gone.
    for (const message of generation) await count(openWriter(table, then), [message]);
  }
  const present = one.slice(gone).map((message) => ({ writer: openWriter(table, now), message }));
  await pMap(present, ({ writer, message }) => count(writer, [message]), { concurrency: AT_ONCE });
  let turn = 0;
  for (const some of piecesOf(messagesOf(runId, jobs, JOBS_PER_MESSAGE, 2), MAX_TRANSACTION_WRITES - 1))
    await count((present[turn++ % present.length] as (typeof present)[number]).writer, some);
  return runId;
}

/** A worker that has lived at some time, milliseconds since 1970. */
function openWriter(table: Table, at: number): LedgerWriter {
  return new LedgerWriter(table, new WorkerCounters(table, newWorkerId()), () => at, LEDGER_TTL_SECONDS);
}

/** Counts all jobs of these messages. @throws Error when one could not be counted */
async function count(writer: LedgerWriter, messages: readonly MessageRange[]): Promise<void> {
  const states = messages.map((message): RecordedMessage => ({ message, record: newRecord(message) }));
  const counted = await writer.commit(states, ({ record }) =>
    applyOutcomes(
      record,
      { all: true, rounds: new Map() },
      record.pending.map((jobId) => ({ kind: 'done', jobId })),
      writer.clock(),
    ),
  );
  const trouble = counted.find(({ problem: trouble }) => trouble)?.problem;
  if (trouble) throw trouble;
}

/** The messages of a tick of so many jobs. */
function messagesOf(runId: RunId, jobs: number, jobsPerMessage: number, tick: number): MessageRange[] {
  return Array.from({ length: Math.ceil(jobs / jobsPerMessage) }, (_, at) => {
    const first = at * jobsPerMessage + 1;
    const last = Math.min(jobs, first + jobsPerMessage - 1);
    return { runId, tick, first: first as JobId, last: last as JobId };
  });
}
