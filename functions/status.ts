import { GetFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import type { Context } from 'aws-lambda';
import { listRuns, type Run, readSchedule } from './core/ledger/runs.ts';
import { readTotals, type Totals } from './core/ledger/totals.ts';
import { reasonFrom } from './core/model/errors.ts';
import { RUN_ID, type RunId } from './core/model/ids.ts';
import type { Pace } from './core/model/schedule.ts';
import { type QueueDepth, readDepth } from './core/queue/queue.ts';
import * as z from './core/zod.ts';
import { openLambda, openQueue, openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { jsonHandler, noSuchRun } from './runtime/json-handler.ts';
import { log } from './runtime/logger.ts';

/** How Drumline stands: the active run, or the last one, and what the queues hold. Times are ISO 8601. */
export interface Status extends RunStatus {
  /** How many workers may run at a time; null where it is not limited, and not there while Lambda can't be asked. */
  concurrency?: number | null;
  queue: QueueDepth & { deadLetters: number };
  workers: { id: string; processed: number; lastSeenAt: string }[];
  /** Workers that have counted nothing for a while, counted together. */
  retiredWorkers: { count: number; processed: number };
}

/** One run's numbers. `processed + failed ≤ enqueued`, always. */
export interface RunStatus {
  running: boolean;
  x: number;
  y: number;
  pace: Pace;
  runId: string | null;
  enqueued: number;
  processed: number;
  failed: number;
  /** The number of the last tick that fired, 0 before the first. */
  tick: number;
  missedTicks: number;
  /** How many ticks have fired. */
  firedTicks: number;
  startedAt: string | null;
  stoppedAt: string | null;
  lastTickAt: string | null;
  nextTickAt: string | null;
}

const environment = readEnvironment(
  'DRUMLINE_TABLE',
  'DRUMLINE_JOBS_QUEUE',
  'DRUMLINE_DEAD_LETTER_QUEUE',
  'DRUMLINE_CONSUMER',
);
const table = openTable(environment.DRUMLINE_TABLE);
const jobs = openQueue(environment.DRUMLINE_JOBS_QUEUE);
const deadLetters = openQueue(environment.DRUMLINE_DEAD_LETTER_QUEUE);
const lambda = openLambda();

/** Nothing asks for the active or last run; `runId` for that one; `runs` for the newest ones, at most 100. */
const question = z.nullish(
  z.strictObject({
    runId: z.optional(z.string().check(z.regex(RUN_ID))),
    runs: z.optional(z.int().check(z.minimum(1), z.maximum(100))),
  }),
);

/** Answers how Drumline stands, or `{runs: [...]}`. */
export const handler = jsonHandler(question, async (asked, context: Context) => {
  log.addContext(context);
  if (asked?.runs !== undefined) return { runs: await runs(asked.runs) };
  return status(asked?.runId as RunId | undefined);
});

async function status(asked: RunId | undefined): Promise<Status> {
  const [schedule, waiting, dead, concurrency] = await Promise.all([
    readSchedule(table),
    readDepth(jobs),
    readDepth(deadLetters),
    readConcurrency(),
  ]);
  const runId = asked ?? schedule.activeRunId ?? schedule.lastRunId;
  const totals = runId && (await readTotals(table, runId));
  if (asked && !totals) throw noSuchRun(asked);
  return {
    ...runStatus(totals),
    ...(concurrency !== undefined && { concurrency }),
    queue: { ...waiting, deadLetters: dead.visible + dead.inFlight + dead.delayed },
    // Not what each has failed: a job that works when it is sent again is taken off whichever worker's failures.
    workers: (totals?.workers ?? []).map(({ holder, processed, lastSeenAt }) => ({
      id: holder,
      processed,
      lastSeenAt: iso(lastSeenAt),
    })),
    retiredWorkers: {
      count: totals?.retired.workers ?? 0,
      processed: totals?.retired.processed ?? 0,
    },
  };
}

/** Not by GetFunction, which would answer with the consumer's code and environment as well. */
async function readConcurrency(): Promise<number | null | undefined> {
  try {
    const FunctionName = environment.DRUMLINE_CONSUMER;
    const reserved = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
    return reserved.ReservedConcurrentExecutions ?? null;
  } catch (error) {
    // The counters are what was asked for.
    log.warn('Lambda could not be asked for the concurrency', { reason: reasonFrom(error) });
    return undefined;
  }
}

async function runs(limit: number): Promise<RunStatus[]> {
  const found = await listRuns(table, limit);
  return Promise.all(found.map(async ({ runId }) => runStatus(await readTotals(table, runId))));
}

function runStatus(totals: Totals | undefined): RunStatus {
  const run: Partial<Run> = totals?.run ?? {};
  return {
    running: run.active ?? false,
    x: run.x ?? 0,
    y: run.y ?? 0,
    pace: run.pace ?? 'burst',
    runId: run.runId ?? null,
    enqueued: run.enqueued ?? 0,
    processed: totals?.processed ?? 0,
    failed: totals?.failed ?? 0,
    tick: run.tick ?? 0,
    missedTicks: run.missedTicks ?? 0,
    // Ticks are numbered by the schedule, whether they fire or are missed.
    firedTicks: (run.nextTick ?? 1) - 1 - (run.missedTicks ?? 0),
    startedAt: isoOrNull(run.startedAt),
    stoppedAt: isoOrNull(run.stoppedAt),
    lastTickAt: isoOrNull(run.lastTickAt),
    nextTickAt: run.active ? isoOrNull(run.nextTickAt) : null,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : iso(at);
}
