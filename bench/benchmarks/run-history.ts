import pMap from 'p-map';
import { chunk } from '../../functions/core/grouping.ts';
import { RETIRED_AFTER_MS, WorkerCounters } from '../../functions/core/ledger/counters.ts';
import { LedgerWriter, type RecordedMessage } from '../../functions/core/ledger/message-records.ts';
import { readRun, readSchedule, runKey, startRun, stopRun } from '../../functions/core/ledger/runs.ts';
import {
  MAX_TRANSACTION_WRITES,
  type Table,
  transact,
  updateWrite,
} from '../../functions/core/ledger/table.ts';
import { type LeasedTick, tickItem } from '../../functions/core/ledger/ticks.ts';
import { type JobId, newRunId, newWorkerId, type RunId } from '../../functions/core/model/ids.ts';
import type { MessageRange } from '../../functions/core/model/message.ts';
import { applyOutcomes, newRecord } from '../../functions/core/model/message-record.ts';
import { LEDGER_TTL_SECONDS, startOneTick } from '../../test/fixtures/pipeline.ts';

/** The history of a run. */
export interface RunHistory {
  /** Workers with a counter. */
  workers: number;
  /** Workers that counted one job each and retired before these. */
  retired: number;
  /** Jobs that these workers counted, message by message. */
  jobs: number;
  /** Ticks with one job each, nearly all of them pending. @default the first tick only, with one job */
  ticks?: number;
}

/** Workers that start and retire together. */
const GENERATION = 100;

/** Workers that count their first job at the same time. */
const CONCURRENT_WORKERS = 10;

const JOBS_PER_MESSAGE = 100;

/** Writes a run's history into the ledger with the ledger's own code, without scheduler and consumer. */
export async function writeHistory(
  table: Table,
  { workers, retired, jobs, ticks }: RunHistory,
): Promise<RunId> {
  const runId = await startOneTick(table, 1);
  const now = Date.now();
  // The deployed scheduler must not fire its ticks.
  await stopRun(table, runId, now);
  const singleJobs = messagesOf(runId, retired + workers, 1, 1);
  const generations = chunk(singleJobs.slice(0, retired), { count: GENERATION });
  for (const [at, generation] of generations.entries()) {
    const then = now - 2 * RETIRED_AFTER_MS * (generations.length - at);
    // One after the other: at the same time, several could try to take over the same counter.
    for (const message of generation) await count(openWriter(table, then), [message]);
  }
  const present = singleJobs.slice(retired).map((message) => ({ writer: openWriter(table, now), message }));
  await pMap(present, ({ writer, message }) => count(writer, [message]), { concurrency: CONCURRENT_WORKERS });
  let turn = 0;
  for (const some of chunk(messagesOf(runId, jobs, JOBS_PER_MESSAGE, 2), {
    count: MAX_TRANSACTION_WRITES - 1,
  }))
    await count((present[turn++ % present.length] as (typeof present)[number]).writer, some);
  if (ticks !== undefined) await writeTicks(table, runId, ticks);
  return runId;
}

/** Writes runs that were started and stopped without a tick. They are newer than all others. */
export async function writeRuns(table: Table, runs: number): Promise<void> {
  const now = Date.now();
  for (let at = 1; at <= runs; at++) {
    const startedAt = now + at * 1_000;
    const runId = newRunId(startedAt);
    await startRun(table, await readSchedule(table), {
      ...{ runId, x: 1, y: 1_440, pace: 'burst', backfillMinutes: 0, startedAt, firstFreeJobId: 1 as JobId },
      indexing: { index: table.name, monthly: false },
    });
    await stopRun(table, runId, startedAt);
  }
}

/** Writes the items of ticks directly: each claim would change the schedule, one after the other. */
async function writeTicks(table: Table, runId: RunId, ticks: number): Promise<void> {
  const run = await readRun(table, runId);
  if (!run?.firstJobId) throw new Error(`there is no run ${runId}`);
  const { firstJobId, startedAt } = run;
  const claims = Array.from({ length: ticks }, (_, at) => {
    const dueAt = startedAt + at;
    const tick: LeasedTick = {
      ...{ runId, tick: at + 1, firstJob: (firstJobId + at) as JobId, count: 1, claimed: 1, sent: 1 },
      ...{ jobsPerMessage: 1, dueAt, claimedAt: dueAt, sliceClaimedAt: dueAt, spreadMs: 0 },
      ...{ index: { name: table.name }, lease: { holder: newWorkerId(), until: 0 } },
    };
    return { Put: { TableName: table.name, Item: tickItem(tick) } };
  });
  await pMap(chunk(claims, { count: MAX_TRANSACTION_WRITES }), (writes) => transact(table, writes), {
    concurrency: CONCURRENT_WORKERS,
  });
  await transact(table, [
    updateWrite(table, runKey(runId), {
      UpdateExpression: 'SET tick = :ticks, enqueued = :ticks',
      ExpressionAttributeValues: { ':ticks': ticks },
    }),
  ]);
}

/** A worker at a certain time. @param at milliseconds since 1970 */
function openWriter(table: Table, at: number): LedgerWriter {
  return new LedgerWriter(table, new WorkerCounters(table, newWorkerId()), () => at, LEDGER_TTL_SECONDS);
}

/** Counts all jobs of these messages. @throws Error if one can't be counted */
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
  for (const { problem } of counted) if (problem) throw problem;
}

/** The messages of a tick of so many jobs. */
function messagesOf(runId: RunId, jobs: number, jobsPerMessage: number, tick: number): MessageRange[] {
  return Array.from({ length: Math.ceil(jobs / jobsPerMessage) }, (_, at) => {
    const first = at * jobsPerMessage + 1;
    const last = Math.min(jobs, first + jobsPerMessage - 1);
    return { runId, tick, first: first as JobId, last: last as JobId };
  });
}
