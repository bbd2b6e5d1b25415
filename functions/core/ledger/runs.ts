import { ApiError } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import type { IndexNaming } from '../model/index-name.ts';
import { type Pace, rescheduledAt, type ScheduleState } from '../model/schedule.ts';
import { type Item, queryItems, readItem, type Table, type TransactionWrite, transact } from './table.ts';

/** One period of activity, as the ledger has it; times are milliseconds since 1970. */
export interface Run extends ScheduleState {
  runId: RunId;
  /** Jobs a tick. */
  x: number;
  /** Whether a tick's jobs come all at once or spread over its minutes. */
  pace: Pace;
  /** Where its documents go. */
  indexing: IndexNaming;
  active: boolean;
  startedAt: number;
  stoppedAt?: number;
  /** The last tick that fired, 0 before the first; when it was due and when it was claimed. */
  tick: number;
  lastTickDueAt?: number;
  lastTickAt?: number;
  missedTicks: number;
  enqueued: number;
}

/** What is due across runs: one item that every start, stop and claim goes through. */
export interface Schedule {
  activeRunId?: RunId;
  lastRunId?: RunId;
  /** The first jobId that no tick has been given yet. */
  nextJobId: JobId;
  /** Ticks whose jobs are not all sent yet. */
  openTicks: { runId: RunId; tick: number }[];
}

const RUNS = 'RUNS';
const SCHEDULE = { pk: 'SCHEDULE', sk: 'SCHEDULE' };

export const runKey = (runId: RunId) => ({ pk: RUNS, sk: `RUN#${runId}` });
export const openTickKey = (runId: RunId, tick: number) => `${runId}#${tick}`;

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

export async function readRun(table: Table, runId: RunId): Promise<Run | undefined> {
  const item = await readItem(table, runKey(runId));
  return item && toRun(item);
}

/** The newest runs first. @param limit how many, at most */
export async function listRuns(table: Table, limit: number): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const item of queryItems(table, RUNS, 'RUN#', { newestFirst: true, limit }))
    runs.push(toRun(item));
  return runs;
}

export interface NewRun {
  runId: RunId;
  x: number;
  y: number;
  pace: Pace;
  indexing: IndexNaming;
  backfillMinutes: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** The run's jobs get ids from here up, or from where the ledger stands if that is later. */
  firstFreeJobId: JobId;
}

/**
 * Makes a run the active one; its first tick is due at once.
 * @param replaces the run that is active, if it may be stopped by this
 * @throws ConditionFailed when another run was started or stopped meanwhile
 */
export async function startRun(
  table: Table,
  schedule: Schedule,
  run: NewRun,
  replaces?: RunId,
): Promise<void> {
  const { runId, x, y, pace, indexing, backfillMinutes, startedAt } = run;
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
          nextTickAt: startedAt,
          tick: 0,
          missedTicks: 0,
          enqueued: 0,
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    {
      Update: {
        TableName: table.name,
        Key: SCHEDULE,
        UpdateExpression: 'SET activeRunId = :run, lastRunId = :run, nextJobId = :next',
        // Unchanged since it was read: neither another start nor a tick of the run that this one replaces.
        ConditionExpression: `${
          replaces ? 'activeRunId = :active' : 'attribute_not_exists(activeRunId)'
        } AND (attribute_not_exists(nextJobId) OR nextJobId = :read)`,
        ExpressionAttributeValues: {
          ':run': runId,
          ':next': Math.max(schedule.nextJobId, run.firstFreeJobId),
          ':read': schedule.nextJobId,
          ...(replaces && { ':active': replaces }),
        },
      },
    },
  ];
  if (replaces) writes.push(stopped(table, replaces, startedAt));
  await transact(table, writes);
}

/** Ends a run's ticks. What is in the queue is still worked off. @throws ConditionFailed when it was not active */
export async function stopRun(table: Table, runId: RunId, at: number): Promise<void> {
  await transact(table, [
    stopped(table, runId, at),
    {
      Update: {
        TableName: table.name,
        Key: SCHEDULE,
        UpdateExpression: 'REMOVE activeRunId',
        ConditionExpression: 'activeRunId = :run',
        ExpressionAttributeValues: { ':run': runId },
      },
    },
  ]);
}

/**
 * Changes X, Y or the pace of the run from its next tick on.
 * @throws ConditionFailed when the run was stopped or changed, or a tick fired, since it was read
 */
export async function updateRun(
  table: Table,
  run: Run,
  change: { x?: number | undefined; y?: number | undefined; pace?: Pace | undefined },
  now: number,
): Promise<Run> {
  const y = change.y ?? run.y;
  const x = change.x ?? run.x;
  const pace = change.pace ?? run.pace;
  const nextTickAt =
    y === run.y || run.lastTickDueAt === undefined
      ? run.nextTickAt
      : rescheduledAt(run.lastTickDueAt, y, now);
  await transact(table, [
    {
      Update: {
        TableName: table.name,
        Key: runKey(run.runId),
        UpdateExpression: 'SET x = :x, y = :y, pace = :to, nextTickAt = :at',
        // What isn't changed is written as it was read, so it must still be that.
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
      },
    },
  ]);
  return { ...run, x, y, pace, nextTickAt };
}

/** Passes over ticks that were missed. @throws ConditionFailed when somebody else was first, or the run was stopped */
export async function skipTicks(
  table: Table,
  run: Run,
  missed: { count: number; nextTick: number; nextTickAt: number },
): Promise<Run> {
  await transact(table, [
    {
      Update: {
        TableName: table.name,
        Key: runKey(run.runId),
        UpdateExpression: 'SET nextTick = :next, nextTickAt = :at ADD missedTicks :count',
        ConditionExpression: 'active = :true AND nextTick = :read AND nextTickAt = :due AND y = :y',
        ExpressionAttributeValues: {
          ':next': missed.nextTick,
          ':at': missed.nextTickAt,
          ':count': missed.count,
          ':true': true,
          ':read': run.nextTick,
          ':due': run.nextTickAt,
          ':y': run.y,
        },
      },
    },
  ]);
  const { count, nextTick, nextTickAt } = missed;
  return { ...run, nextTick, nextTickAt, missedTicks: run.missedTicks + count };
}

/** The part of claiming a tick that moves the schedule on: jobIds are given out, and the tick is open. */
export function claimTickWrites(table: Table, schedule: Schedule, run: Run): TransactionWrite[] {
  return [
    {
      Update: {
        TableName: table.name,
        Key: SCHEDULE,
        UpdateExpression: 'SET nextJobId = :next ADD openTicks :open',
        ConditionExpression: 'nextJobId = :read AND activeRunId = :run',
        ExpressionAttributeValues: {
          ':next': schedule.nextJobId + run.x,
          ':read': schedule.nextJobId,
          ':run': run.runId,
          ':open': new Set([openTickKey(run.runId, run.nextTick)]),
        },
      },
    },
  ];
}

/** The part of finishing a tick that tells the schedule: nobody needs to resume it. */
export function closeTickWrite(table: Table, runId: RunId, tick: number): TransactionWrite {
  return {
    Update: {
      TableName: table.name,
      Key: SCHEDULE,
      UpdateExpression: 'DELETE openTicks :open',
      ExpressionAttributeValues: { ':open': new Set([openTickKey(runId, tick)]) },
    },
  };
}

function stopped(table: Table, runId: RunId, at: number): TransactionWrite {
  return {
    Update: {
      TableName: table.name,
      Key: runKey(runId),
      UpdateExpression: 'SET active = :false, stoppedAt = :at',
      ConditionExpression: 'active = :true',
      ExpressionAttributeValues: { ':false': false, ':true': true, ':at': at },
    },
  };
}

function toRun({ pk: _, sk, ...run }: Item): Run {
  return { ...(run as unknown as Run), runId: (sk as string).slice('RUN#'.length) as RunId };
}

/** Reads the active run. @throws ApiError `no_active_run` */
export async function activeRun(table: Table): Promise<Run> {
  const { activeRunId } = await readSchedule(table);
  const run = activeRunId && (await readRun(table, activeRunId));
  if (!run) throw new ApiError('no_active_run', 'no run is active; start one first');
  return run;
}
