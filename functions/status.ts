import { GetFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import type { Context } from 'aws-lambda';
import pMap from 'p-map';
import { SnapshotReader } from './core/items/snapshot.ts';
import { findDeadLetters } from './core/jobs/find-dead-letters.ts';
import { findJob, type JobReport } from './core/jobs/find-job.ts';
import { readPass } from './core/ledger/passes.ts';
import { newestRuns, type Run, readSchedule } from './core/ledger/runs.ts';
import { readScaling } from './core/ledger/scaling.ts';
import { pageOf } from './core/ledger/table.ts';
import { oldestPendingAt, readTotals, type Totals } from './core/ledger/totals.ts';
import { ApiError, reasonFrom } from './core/model/errors.ts';
import { type JobId, RUN_ID, type RunId } from './core/model/ids.ts';
import type { Pass } from './core/model/pass.ts';
import { DEAD_LETTER_RETENTION_DAYS } from './core/model/retention.ts';
import { type Pace, type PeriodFields, periodFields } from './core/model/schedule.ts';
import type { Timing } from './core/model/timing.ts';
import * as z from './core/model/zod.ts';
import { type QueueDepth, readDepth } from './core/queue/queue.ts';
import {
  type DocumentsQuery,
  MAX_PAGE_DOCUMENTS,
  queryDeadLetterIds,
  queryResults,
} from './core/results/query.ts';
import { type ScalingStatus, scalingStatus } from './core/scaling/scaling-status.ts';
import {
  MAX_PAGE_TICKS,
  readTicksPage,
  type TicksPage,
  type TicksQuery,
} from './core/schedule/tick-status.ts';
import { openLambda, openQueue, openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { jsonHandler, noSuchRun } from './runtime/json-handler.ts';
import { log } from './runtime/logger.ts';
import { openResults, RESULTS_VARIABLES } from './runtime/open-results.ts';
import { openBucket } from './runtime/s3.ts';
import { SCALING_VARIABLES, scalingSettings } from './runtime/scaling-settings.ts';

/** The numbers of the active run, or of the last one, and of the queues and workers. Times are ISO 8601. */
export interface Status extends RunStatus {
  /** Maximum concurrent workers: null if not limited, absent if Lambda did not answer. */
  concurrency?: number | null;
  /** The rule for the number of workers, and the last decisions about it. */
  scaling: ScalingStatus;
  queue: QueueDepth & { deadLetters: number };
  /** The current pass of the run's list; absent for numbered jobs, and before the first pass. */
  pass?: PassStatus;
  /** When the oldest pending job was due, as if jobs ended in the order in which they were enqueued; null if none is pending. */
  oldestPendingAt: string | null;
  /** How long the run's jobs take, lately; absent before the first of them. */
  timing?: TimingStatus;
  /** Jobs per second that all workers do together; absent if it is not known. */
  jobsPerSecond?: number;
  /** Workers that hold a counter of the run. */
  workers: { id: string; processed: number; lastSeenAt: string }[];
  /** Workers whose counters were taken over by other workers, and the jobs that they processed. */
  retiredWorkers: { count: number; processed: number };
}

/** How long jobs take, as means of the last minutes over all workers. In milliseconds. */
export interface TimingStatus {
  /** How long a job runs. It becomes shorter with faster code. */
  jobMs: number;
  /**
   * How long a job waits, from when its message can be received until its first attempt begins. It becomes shorter with
   * more workers. Jobs that are tried again do not count. Absent before the first job that counts.
   */
  waitMs?: number;
  /** Time of a worker per job. It is less than `jobMs` if a worker runs several jobs at the same time. */
  workerMs: number;
}

/** Runs, the newest first. */
export interface RunsPage {
  runs: RunStatus[];
  /** `before` for the next page; absent on the last page. */
  next?: string;
}

/** A pass of the list. */
export interface PassStatus {
  /** The number of the pass in its run, from 1. */
  number: number;
  state: 'reading' | 'complete' | 'failed';
  /** Items that were read so far. */
  items: number;
  /** Items that belong to ticks. */
  taken: number;
  /** Items that become dead letters, and the first of them. */
  invalid: { count: number; first?: { index: number; problem: string } };
  /** Why the list could not be read. */
  reason?: string;
}

/** The numbers of one run. `processed + failed ≤ enqueued` always holds. Times are ISO 8601. */
export interface RunStatus extends PeriodFields {
  running: boolean;
  /** Jobs per tick; `all` for all items of the list. */
  x: number | 'all';
  pace: Pace;
  runId: string | null;
  enqueued: number;
  processed: number;
  failed: number;
  /** The number of the last tick that fired, 0 before the first. */
  tick: number;
  missedTicks: number;
  /** The last tick that was missed, when that was noticed, and why; null if none was. */
  lastMiss: { tick: number; at: string; reason: string } | null;
  /** Number of ticks that have fired. */
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
  'DRUMLINE_ITEMS_BUCKET',
  ...RESULTS_VARIABLES,
  'DRUMLINE_MAX_ATTEMPTS',
  'DRUMLINE_RETRY_BASE_SECONDS',
  'DRUMLINE_RETRY_CAP_SECONDS',
  ...SCALING_VARIABLES,
);
/** A search may take longer than a worker's request, in milliseconds. */
const SEARCH_TIMEOUT_MS = 20_000;

const table = openTable(environment.DRUMLINE_TABLE);
const jobs = openQueue(environment.DRUMLINE_JOBS_QUEUE);
const deadLetters = openQueue(environment.DRUMLINE_DEAD_LETTER_QUEUE);
const lambda = openLambda();
const results = openResults(environment, { timeoutMs: SEARCH_TIMEOUT_MS });
const items = new SnapshotReader(table, openBucket(environment.DRUMLINE_ITEMS_BUCKET));

/** Maximum runs of a page: each takes 17 reads. */
const MAX_PAGE_RUNS = 100;
/** Runs whose counters are read at the same time: 16 reads at a time, and the SDK has 50 connections. */
const RUNS_AT_ONCE = 3;

const id = z.string().check(z.regex(RUN_ID));
const runId = z.optional(id);
const size = (max: number) => z.int().check(z.minimum(1), z.maximum(max));
const jobId = z.int().check(z.positive());

const documents = z.strictObject({
  query: z.string().check(z.minLength(1), z.maxLength(10_000)),
  runId,
  size: z._default(size(MAX_PAGE_DOCUMENTS), 100),
  after: z.optional(jobId),
});

/**
 * An empty query asks for the active or last run, `runId` for that run, `runs` for a page of runs (a number for the newest),
 * `ticks` for a page of a run's ticks, `jobId` for one job, `results` and `deadLetters` for a page of documents, and
 * `deadLetterIds` for a page of jobIds alone.
 */
const query = z.nullish(
  z.strictObject({
    runId,
    runs: z.optional(
      z.union([
        size(MAX_PAGE_RUNS),
        z.strictObject({ size: z._default(size(MAX_PAGE_RUNS), 20), before: runId }),
      ]),
    ),
    ticks: z.optional(
      z.strictObject({
        runId: id,
        size: z._default(size(MAX_PAGE_TICKS), 100),
        before: z.optional(z.int().check(z.positive())),
      }),
    ),
    jobId: z.optional(jobId),
    results: z.optional(documents),
    deadLetters: z.optional(documents),
    deadLetterIds: z.optional(z.omit(documents, { size: true })),
  }),
);

/**
 * Answers a `Status`, `RunsPage`, `TicksPage`, `JobReport`, `ResultsPage`, `DeadLettersPage` or `{jobIds}`: what the query
 * asks for.
 */
export const handler = jsonHandler(query, async (input, context: Context) => {
  log.addContext(context);
  if (input?.jobId !== undefined) return job(input.jobId as JobId);
  if (input?.results !== undefined) return queryResults(results, input.results as DocumentsQuery);
  const since = Date.now() - DEAD_LETTER_RETENTION_DAYS * 86_400_000;
  if (input?.deadLetters !== undefined)
    return findDeadLetters(table, results, input.deadLetters as DocumentsQuery, since);
  if (input?.deadLetterIds !== undefined)
    return queryDeadLetterIds(results, input.deadLetterIds as DocumentsQuery, since);
  if (typeof input?.runs === 'number') return runsPage(input.runs);
  if (input?.runs !== undefined) return runsPage(input.runs.size, input.runs.before as RunId | undefined);
  if (input?.ticks !== undefined) return ticks(input.ticks as TicksQuery);
  return status(input?.runId as RunId | undefined);
});

/** @throws ApiError `no_such_job` */
async function job(jobId: JobId): Promise<JobReport> {
  const rules = {
    maxAttempts: environment.DRUMLINE_MAX_ATTEMPTS,
    backoff: {
      baseSeconds: environment.DRUMLINE_RETRY_BASE_SECONDS,
      capSeconds: environment.DRUMLINE_RETRY_CAP_SECONDS,
    },
  };
  const found = await findJob({ table, items, results }, rules, jobId, Date.now());
  if (found) return found;
  throw new ApiError('no_such_job', `there is no job ${jobId}: no tick has claimed this ID`, { jobId });
}

/** @throws ApiError `no_such_run` */
async function ticks(query: TicksQuery): Promise<TicksPage> {
  const page = await readTicksPage(table, query);
  if (!page) throw noSuchRun(query.runId);
  return page;
}

/** @throws ApiError `no_such_run` */
async function status(requestedId: RunId | undefined): Promise<Status> {
  const [schedule, scaling, waiting, dead, concurrency] = await Promise.all([
    readSchedule(table),
    readScaling(table),
    readDepth(jobs),
    readDepth(deadLetters),
    readConcurrency(),
  ]);
  const runId = requestedId ?? schedule.activeRunId ?? schedule.lastRunId;
  const totals = runId && (await readTotals(table, runId));
  if (requestedId && !totals) throw noSuchRun(requestedId);
  const timing = totals?.timing ?? scaling.timing;
  const oldest = totals && (await oldestPendingAt(table, totals));
  const pass = totals?.run.list && (await readPass(table, totals.run.runId, totals.run.pass));
  return {
    ...runStatus(totals),
    ...(concurrency !== undefined && { concurrency }),
    scaling: scalingStatus(scaling, scalingSettings(environment)),
    queue: { ...waiting, deadLetters: dead.visible + dead.inFlight + dead.delayed },
    ...(pass && { pass: passStatus(pass, totals.run.taken) }),
    oldestPendingAt: isoOrNull(oldest),
    ...(totals?.timing && { timing: timingStatus(totals.timing) }),
    ...(timing && concurrency && { jobsPerSecond: (concurrency * 1_000) / timing.workerMs }),
    // Without `failed`: it may be negative, because any worker may recover the jobs that another one gave up.
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

function timingStatus({ jobMs, waitMs, workerMs }: Timing): TimingStatus {
  return { jobMs, ...(waitMs !== undefined && { waitMs }), workerMs };
}

function passStatus({ pass, state, count, invalid, reason }: Pass, taken: number): PassStatus {
  return { number: pass, state, items: count, taken, invalid, ...(reason !== undefined && { reason }) };
}

/** Reads the consumer's reserved concurrency. (GetFunction would also require access to its code and environment.) */
async function readConcurrency(): Promise<number | null | undefined> {
  try {
    const FunctionName = environment.DRUMLINE_CONSUMER;
    const reserved = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
    return reserved.ReservedConcurrentExecutions ?? null;
  } catch (error) {
    // The counters are more important than this number.
    log.warn('Lambda could not be asked for the concurrency', { reason: reasonFrom(error) });
    return undefined;
  }
}

async function runsPage(size: number, before?: RunId): Promise<RunsPage> {
  const { elements, last } = await pageOf((limit) => newestRuns(table, limit, before), size);
  const runs = await pMap(elements, async ({ runId }) => runStatus(await readTotals(table, runId)), {
    concurrency: RUNS_AT_ONCE,
  });
  return { runs, ...(last && { next: last.runId }) };
}

function runStatus(totals: Totals | undefined): RunStatus {
  const run: Partial<Run> = totals?.run ?? {};
  return {
    running: run.active ?? false,
    x: run.x ?? 0,
    ...periodFields(run.y ?? 0),
    pace: run.pace ?? 'burst',
    runId: run.runId ?? null,
    enqueued: run.enqueued ?? 0,
    processed: totals?.processed ?? 0,
    failed: totals?.failed ?? 0,
    tick: run.tick ?? 0,
    missedTicks: run.missedTicks ?? 0,
    lastMiss: run.lastMiss ? { ...run.lastMiss, at: iso(run.lastMiss.at) } : null,
    // Missed ticks have numbers, too.
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
