import type { JobId, RunId } from '../model/ids.ts';
import type { ResultsIndex } from '../model/index-name.ts';
import type { Slice, Tick } from '../model/tick.ts';
import { claimTickWrites, closeTickWrite, type Run, runKey, type Schedule } from './runs.ts';
import {
  type Item,
  type Key,
  queryItems,
  readItem,
  type Table,
  type TransactionWrite,
  transact,
} from './table.ts';

/**
 * A scheduler's hold on a tick. It keeps two schedulers from sending the same slices, which would be wasteful but not
 * wrong: each step is safe by its own condition. It is renewed by the writes that are made anyhow.
 */
export interface TickLease {
  holder: string;
  /** Milliseconds since 1970. */
  until: number;
}

export interface LeasedTick extends Tick {
  lease: TickLease;
}

/** Which slice is claimed next, by whom until when. */
interface Claim {
  slice: Slice;
  /** Milliseconds since 1970. */
  at: number;
  leaseUntil: number;
}

const tickKey = (runId: RunId, tick: number): Key => ({
  pk: `RUN#${runId}`,
  sk: `TICK#${String(tick).padStart(9, '0')}`,
});

/**
 * Claims the run's next tick and a range of jobIds for it.
 * @throws ConditionFailed when another scheduler was first, or the run was stopped or changed meanwhile
 */
export async function claimTick(
  table: Table,
  schedule: Schedule,
  run: Run,
  tick: LeasedTick,
  nextTickAt: number,
): Promise<void> {
  const { runId, lease, ...rest } = tick;
  await transact(table, [
    {
      Put: {
        TableName: table.name,
        Item: { ...tickKey(runId, tick.tick), ...rest, holder: lease.holder, leaseUntil: lease.until },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    {
      Update: {
        TableName: table.name,
        Key: runKey(runId),
        UpdateExpression:
          'SET tick = :tick, nextTick = :next, nextTickAt = :nextAt, lastTickDueAt = :due, lastTickAt = :now',
        ConditionExpression:
          'active = :true AND nextTick = :tick AND nextTickAt = :due AND x = :x AND y = :y AND pace = :pace',
        ExpressionAttributeValues: {
          ':tick': tick.tick,
          ':next': tick.tick + 1,
          ':nextAt': nextTickAt,
          ':due': tick.dueAt,
          ':now': tick.claimedAt,
          ':true': true,
          ':x': run.x,
          ':y': run.y,
          ':pace': run.pace,
        },
      },
    },
    ...claimTickWrites(table, schedule, run),
  ]);
}

export async function readTick(table: Table, runId: RunId, tick: number): Promise<LeasedTick | undefined> {
  const item = await readItem(table, tickKey(runId, tick));
  return item && toTick(runId, item);
}

/** All ticks of a run, in their order. */
export async function* listTicks(table: Table, runId: RunId): AsyncGenerator<Tick> {
  for await (const item of queryItems(table, `RUN#${runId}`, 'TICK#')) yield toTick(runId, item);
}

/** Takes over a tick whose scheduler is gone. @throws ConditionFailed when it is held, or has moved on */
export async function leaseTick(
  table: Table,
  tick: LeasedTick,
  lease: TickLease,
  now: number,
): Promise<void> {
  await transact(table, [
    {
      Update: {
        TableName: table.name,
        Key: tickKey(tick.runId, tick.tick),
        UpdateExpression: 'SET holder = :me, leaseUntil = :until',
        ConditionExpression: '(holder = :me OR leaseUntil <= :now) AND claimed = :claimed AND sent = :sent',
        ExpressionAttributeValues: {
          ':me': lease.holder,
          ':until': lease.until,
          ':now': now,
          ':claimed': tick.claimed,
          ':sent': tick.sent,
        },
      },
    },
  ]);
}

/**
 * Notes that all claimed jobs are in the queue, and lets the next scheduler carry on with the tick at once.
 * @throws ConditionFailed when another one holds it
 */
export async function releaseTick(table: Table, tick: LeasedTick): Promise<void> {
  await transact(table, [moveTick(table, tick, tick.claimed, 0)]);
}

/**
 * Counts the slice's jobs as enqueued, before they are sent, and notes that all those claimed before are in the queue.
 * @throws ConditionFailed when the run was stopped (write 0) or another scheduler holds the tick (write 1)
 */
export async function claimSlice(
  table: Table,
  tick: LeasedTick,
  { slice, at, leaseUntil }: Claim,
): Promise<void> {
  await transact(table, [
    {
      Update: {
        TableName: table.name,
        Key: runKey(tick.runId),
        UpdateExpression: 'ADD enqueued :jobs',
        ConditionExpression: 'active = :true',
        ExpressionAttributeValues: { ':jobs': slice.to - slice.from, ':true': true },
      },
    },
    moveTick(table, { ...tick, sliceClaimedAt: at }, slice.to, leaseUntil),
  ]);
}

/**
 * Ends the tick: its jobs are all in the queue, or its run was stopped and no more will be.
 * @throws ConditionFailed when another scheduler holds it
 */
export async function closeTick(table: Table, tick: LeasedTick): Promise<void> {
  await transact(table, [
    moveTick(table, tick, tick.claimed, 0),
    closeTickWrite(table, tick.runId, tick.tick),
  ]);
}

/** What was claimed is sent by now, whatever is claimed next. */
function moveTick(table: Table, tick: LeasedTick, toClaimed: number, leaseUntil: number): TransactionWrite {
  return {
    Update: {
      TableName: table.name,
      Key: tickKey(tick.runId, tick.tick),
      UpdateExpression:
        'SET claimed = :toClaimed, sent = :toSent, sliceClaimedAt = :sliceClaimedAt, leaseUntil = :until',
      ConditionExpression: 'holder = :me AND claimed = :claimed AND sent = :sent',
      ExpressionAttributeValues: {
        ':toClaimed': toClaimed,
        ':toSent': tick.claimed,
        ':sliceClaimedAt': tick.sliceClaimedAt,
        ':until': leaseUntil,
        ':me': tick.lease.holder,
        ':claimed': tick.claimed,
        ':sent': tick.sent,
      },
    },
  };
}

function toTick(runId: RunId, item: Item): LeasedTick {
  return {
    runId,
    tick: item.tick as number,
    firstJob: item.firstJob as JobId,
    count: item.count as number,
    claimed: item.claimed as number,
    sent: item.sent as number,
    jobsPerMessage: item.jobsPerMessage as number,
    dueAt: item.dueAt as number,
    claimedAt: item.claimedAt as number,
    sliceClaimedAt: item.sliceClaimedAt as number,
    spreadMs: item.spreadMs as number,
    index: item.index as ResultsIndex,
    lease: { holder: item.holder as string, until: item.leaseUntil as number },
  };
}
