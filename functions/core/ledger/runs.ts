import { ApiError } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import type { IndexNaming } from '../model/index-name.ts';
import { firstTickAt, type Pace, type Period, rescheduledAt, type ScheduleState } from '../model/schedule.ts';
import {
  type Item,
  queryItems,
  readItem,
  type Table,
  type TransactionWrite,
  transact,
  updateWrite,
} from './table.ts';

/** A run as the ledger stores it. Times are milliseconds since 1970. */
export interface Run extends ScheduleState {
  runId: RunId;
  /** Jobs per tick; `all` for all items of the list. */
  x: number | 'all';
  pace: Pace;
  /** Whether its jobs have the items of the user's list. Otherwise they are numbered. */
  list?: true;
  /** The number of the list's current pass, 0 before the first. */
  pass: number;
  /** Number of items of the current pass that belong to ticks. */
  taken: number;
  /** No jobId of the run is lower, and none of an earlier run is as high. Earlier versions of the code did not write it. */
  firstJobId?: JobId;
  /** The index or indices for its documents. */
  indexing: IndexNaming;
  active: boolean;
  startedAt: number;
  stoppedAt?: number;
  /** The number of the last tick that fired, 0 before the first. */
  tick: number;
  lastTickDueAt?: number;
  /** When the last tick was claimed. */
  lastTickAt?: number;
  missedTicks: number;
  /** The last tick that was missed, and why. */
  lastMiss?: { tick: number; at: number; reason: string };
  /** Jobs that were counted as enqueued. Always at least the jobs that were sent. */
  enqueued: number;
}

/** The state that all runs share. One item, which every start, stop and claim of a tick changes under a condition. */
export interface Schedule {
  activeRunId?: RunId;
  lastRunId?: RunId;
  /** The first jobId that is not assigned to a tick. */
  nextJobId: JobId;
  /** Ticks with jobs that are not sent yet. */
  openTicks: { runId: RunId; tick: number }[];
}

const RUNS = 'RUNS';
const SCHEDULE = { pk: 'SCHEDULE', sk: 'SCHEDULE' };

export const runKey = (runId: RunId) => ({ pk: RUNS, sk: `RUN#${runId}` });
const openTickName = (runId: RunId, tick: number) => `${runId}#${tick}`;

/** Reads the schedule; an empty ledger has no runs and starts with jobId 1. @throws Unavailable */
export async function readSchedule(table: Table): Promise<Schedule> {
  const item = (await readItem(table, SCHEDULE)) ?? {};
  return {
    ...(item.activeRunId !== undefined && { activeRunId: item.activeRunId as RunId }),
    ...(item.lastRunId !== undefined && { lastRunId: item.lastRunId as RunId }),
    nextJobId: (item.nextJobId ?? 1) as JobId,
    openTicks: [...((item.openTicks as Set<string>) ?? [])].map((name) => {
      const [runId, tick] = name.split('#');
      return { runId: runId as RunId, tick: Number(tick) };
    }),
  };
}

/** Reads a run; undefined if the ledger has none with this id. @throws Unavailable */
export async function readRun(table: Table, runId: RunId): Promise<Run | undefined> {
  const item = await readItem(table, runKey(runId));
  return item && toRun(item);
}

/** Reads the newest runs, the newest first. @param limit maximum number of runs @throws Unavailable */
export async function listRuns(table: Table, limit: number): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const run of newestRuns(table, limit)) runs.push(run);
  return runs;
}

/**
 * The runs, the newest first, page by page.
 * @param limit maximum number of runs; all unless given
 * @param before only runs that started before this one
 * @throws Unavailable
 */
export async function* newestRuns(table: Table, limit?: number, before?: RunId): AsyncGenerator<Run> {
  const options = {
    newestFirst: true,
    ...(limit !== undefined && { limit }),
    ...(before && { behind: runKey(before).sk }),
  };
  for await (const item of queryItems(table, RUNS, 'RUN#', options)) yield toRun(item);
}

/** A run to start. */
export interface NewRun {
  runId: RunId;
  x: number | 'all';
  list?: boolean;
  y: Period;
  pace: Pace;
  indexing: IndexNaming;
  backfillMinutes: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** Minimum jobId of the run. The ledger's next free jobId is used if that is higher. */
  firstFreeJobId: JobId;
}

/**
 * Makes a run the active one. Its first tick is due at once, or at the next time of its cron line.
 * @param schedule the schedule as it was read
 * @param replaces the active run, which is stopped in the same transaction; unset if no run is active
 * @throws ConditionFailed when another run is active, the replaced run is not, or jobIds were assigned since the schedule
 *   was read
 * @throws Unavailable
 */
export async function startRun(
  table: Table,
  schedule: Schedule,
  run: NewRun,
  replaces?: RunId,
): Promise<void> {
  const { runId, x, y, pace, list, indexing, backfillMinutes, startedAt } = run;
  const firstJobId = Math.max(schedule.nextJobId, run.firstFreeJobId);
  const writes: TransactionWrite[] = [
    {
      Put: {
        TableName: table.name,
        Item: {
          ...runKey(runId),
          x,
          y,
          pace,
          indexing,
          backfillMinutes,
          startedAt,
          active: true,
          nextTick: 1,
          nextTickAt: firstTickAt(y, startedAt),
          tick: 0,
          ...(list && { list }),
          pass: 0,
          taken: 0,
          firstJobId,
          missedTicks: 0,
          enqueued: 0,
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    updateWrite(table, SCHEDULE, {
      UpdateExpression: 'SET activeRunId = :run, lastRunId = :run, nextJobId = :next',
      // Fails if another run was started, or the replaced run has claimed a tick, since the schedule was read.
      ConditionExpression: `${
        replaces ? 'activeRunId = :active' : 'attribute_not_exists(activeRunId)'
      } AND (attribute_not_exists(nextJobId) OR nextJobId = :read)`,
      ExpressionAttributeValues: {
        ':run': runId,
        ':next': firstJobId,
        ':read': schedule.nextJobId,
        ...(replaces && { ':active': replaces }),
      },
    }),
  ];
  if (replaces) writes.push(stopRunWrite(table, replaces, startedAt));
  await transact(table, writes);
}

/**
 * Stops a run: no more ticks fire. Jobs in the queue are still processed.
 * @param at milliseconds since 1970
 * @throws ConditionFailed when the run is not active
 * @throws Unavailable
 */
export async function stopRun(table: Table, runId: RunId, at: number): Promise<void> {
  await transact(table, [
    stopRunWrite(table, runId, at),
    updateWrite(table, SCHEDULE, {
      UpdateExpression: 'REMOVE activeRunId',
      ConditionExpression: 'activeRunId = :run',
      ExpressionAttributeValues: { ':run': runId },
    }),
  ]);
}

/**
 * Changes X, the period or the pace of a run from its next tick on.
 * @param run the run as it was read
 * @param now milliseconds since 1970
 * @returns the changed run
 * @throws ConditionFailed when the run was stopped or changed, or a tick fired, since it was read
 * @throws Unavailable
 */
export async function updateRun(
  table: Table,
  run: Run,
  change: { x?: number | 'all' | undefined; y?: Period | undefined; pace?: Pace | undefined },
  now: number,
): Promise<Run> {
  const y = change.y ?? run.y;
  const x = change.x ?? run.x;
  const pace = change.pace ?? run.pace;
  const nextTickAt = rescheduledAt(run, y, now);
  await transact(table, [
    updateWrite(table, runKey(run.runId), {
      UpdateExpression: 'SET x = :x, y = :y, pace = :to, nextTickAt = :at',
      // Unchanged values are written as they were read, so they must not have changed since the read.
      ConditionExpression:
        'active = :true AND nextTick = :next AND x = :readX AND y = :readY AND pace = :pace',
      ExpressionAttributeValues: {
        ':x': x,
        ':y': y,
        ':at': nextTickAt,
        ':true': true,
        ':next': run.nextTick,
        ':readX': run.x,
        ':readY': run.y,
        ':to': pace,
        ':pace': run.pace,
      },
    }),
  ]);
  return { ...run, x, y, pace, nextTickAt };
}

/**
 * Counts ticks as missed and moves the run to the first tick after them.
 * @param now milliseconds since 1970
 * @throws ConditionFailed when the run was stopped or changed, or another scheduler was first
 * @throws Unavailable
 */
export async function skipTicks(
  table: Table,
  run: Run,
  {
    count,
    nextTick,
    nextTickAt,
    reason,
  }: { count: number; nextTick: number; nextTickAt: number; reason: string },
  now: number,
): Promise<void> {
  await transact(table, [
    updateWrite(table, runKey(run.runId), {
      UpdateExpression: 'SET nextTick = :next, nextTickAt = :at, lastMiss = :miss ADD missedTicks :count',
      // A tick whose pass was opened since the run was read is not too late.
      ConditionExpression: `active = :true AND nextTick = :read AND nextTickAt = :due AND y = :y${
        run.list ? ' AND pass = :pass' : ''
      }`,
      ExpressionAttributeValues: {
        ...(run.list && { ':pass': run.pass }),
        ':next': nextTick,
        ':at': nextTickAt,
        ':count': count,
        ':miss': { tick: nextTick - 1, at: now, reason },
        ':true': true,
        ':read': run.nextTick,
        ':due': run.nextTickAt,
        ':y': run.y,
      },
    }),
  ]);
}

/** The write of `claimTick` that assigns jobIds to the run's next tick and adds the tick to the open ones. */
export function openTickWrite(table: Table, schedule: Schedule, run: Run, jobs: number): TransactionWrite {
  return updateWrite(table, SCHEDULE, {
    UpdateExpression: 'SET nextJobId = :next ADD openTicks :open',
    ConditionExpression: 'nextJobId = :read AND activeRunId = :run',
    ExpressionAttributeValues: {
      ':next': schedule.nextJobId + jobs,
      ':read': schedule.nextJobId,
      ':run': run.runId,
      ':open': new Set([openTickName(run.runId, run.nextTick)]),
    },
  });
}

/** The write of `openPass` that makes a pass the run's current one. The run's next tick waits for it. */
export function openPassWrite(table: Table, run: Run, pass: number): TransactionWrite {
  return updateWrite(table, runKey(run.runId), {
    UpdateExpression: 'SET pass = :pass, taken = :zero',
    ConditionExpression: 'active = :true AND nextTick = :tick AND pass = :read AND x = :x',
    ExpressionAttributeValues: {
      ':pass': pass,
      ':zero': 0,
      ':true': true,
      ':tick': run.nextTick,
      ':read': run.pass,
      ':x': run.x,
    },
  });
}

/** The write of `closeTick` that removes the tick from the open ones, so that no scheduler resumes it. */
export function closeTickWrite(table: Table, runId: RunId, tick: number): TransactionWrite {
  return updateWrite(table, SCHEDULE, {
    UpdateExpression: 'DELETE openTicks :open',
    ExpressionAttributeValues: { ':open': new Set([openTickName(runId, tick)]) },
  });
}

function stopRunWrite(table: Table, runId: RunId, at: number): TransactionWrite {
  return updateWrite(table, runKey(runId), {
    UpdateExpression: 'SET active = :false, stoppedAt = :at',
    ConditionExpression: 'active = :true',
    ExpressionAttributeValues: { ':false': false, ':true': true, ':at': at },
  });
}

function toRun({ pk: _, sk, ...run }: Item): Run {
  return { ...(run as unknown as Run), runId: (sk as string).slice('RUN#'.length) as RunId };
}

/** Reads the active run. @throws ApiError `no_active_run` @throws Unavailable */
export async function readActiveRun(table: Table): Promise<Run> {
  const { activeRunId } = await readSchedule(table);
  const run = activeRunId && (await readRun(table, activeRunId));
  if (!run) throw new ApiError('no_active_run', 'no run is active; start one first');
  return run;
}
