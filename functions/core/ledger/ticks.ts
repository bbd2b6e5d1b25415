import type { JobId, RunId } from '../model/ids.ts';
import type { ResultsIndex } from '../model/index-name.ts';
import type { TickItems } from '../model/pass.ts';
import type { Slice, Tick } from '../model/tick.ts';
import { closeTickWrite, openTickWrite, type Run, runKey, type Schedule } from './runs.ts';
import {
  type Item,
  type Key,
  queryItems,
  readItem,
  readLast,
  type Table,
  type TransactionWrite,
  transact,
  updateWrite,
} from './table.ts';

/**
 * A scheduler's lease on a tick, so that two schedulers do not send the same slices. Sending a slice twice would be a
 * waste but safe, because each write has its own condition. Every write to the tick renews the lease.
 */
export interface TickLease {
  /** The name of the scheduler's invocation. */
  holder: string;
  /** Milliseconds since 1970. */
  until: number;
}

/** A tick and the lease on it. */
export interface LeasedTick extends Tick {
  lease: TickLease;
}

/** The next slice to claim. Times are milliseconds since 1970. */
interface SliceClaim {
  slice: Slice;
  at: number;
  leaseUntil: number;
}

const tickKey = (runId: RunId, tick: number): Key => ({
  pk: `RUN#${runId}`,
  sk: `TICK#${String(tick).padStart(9, '0')}`,
});

/**
 * Claims the run's next tick, a range of jobIds for it, and its items of the current pass.
 * @param schedule and `run` as they were read; the tick is claimed only if they have not changed
 * @param nextTickAt when the tick after this one is due, in milliseconds since 1970
 * @throws ConditionFailed when another scheduler was first, or the run has stopped or changed
 * @throws Unavailable
 */
export async function claimTick(
  table: Table,
  schedule: Schedule,
  run: Run,
  tick: LeasedTick,
  nextTickAt: number,
): Promise<void> {
  const { runId, items } = tick;
  await transact(table, [
    {
      Put: {
        TableName: table.name,
        Item: tickItem(tick),
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    updateWrite(table, runKey(runId), {
      UpdateExpression: `SET tick = :tick, nextTick = :next, nextTickAt = :nextAt, lastTickDueAt = :due, lastTickAt = :now${
        items ? ', taken = :taken' : ''
      }`,
      ConditionExpression: `active = :true AND nextTick = :tick AND nextTickAt = :due AND x = :x AND y = :y AND pace = :pace${
        items ? ' AND pass = :pass AND taken = :first' : ''
      }`,
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
        ...(items && { ':pass': items.pass, ':first': items.first, ':taken': items.first + tick.count }),
      },
    }),
    openTickWrite(table, schedule, run, tick.count),
  ]);
}

/** Reads a tick; undefined if it was never claimed. @throws Unavailable */
export async function readTick(table: Table, runId: RunId, tick: number): Promise<LeasedTick | undefined> {
  const item = await readItem(table, tickKey(runId, tick));
  return item && toTick(runId, item);
}

/**
 * Finds the tick that owns a job, without reading all ticks: a run may have a hundred thousand. Later ticks own higher
 * jobIds, so that a binary search needs at most 17 reads then.
 * @param lastTick the number of the run's last tick
 * @throws Unavailable
 */
export async function findTickOf(
  table: Table,
  runId: RunId,
  lastTick: number,
  jobId: JobId,
): Promise<Tick | undefined> {
  let [from, to] = [1, lastTick];
  let found: Tick | undefined;
  while (from <= to) {
    const middle = Math.ceil((from + to) / 2);
    // Missed ticks have numbers, but no items.
    const item = await readLast(table, `RUN#${runId}`, tickKey(runId, from).sk, tickKey(runId, middle).sk);
    const tick = item && toTick(runId, item);
    if (tick && tick.firstJob > jobId) to = tick.tick - 1;
    else {
      found = tick ?? found;
      from = middle + 1;
    }
  }
  return found && jobId < found.firstJob + found.count ? found : undefined;
}

/** Reads all claimed ticks of a run, in ascending order. @throws Unavailable */
export async function* listTicks(table: Table, runId: RunId): AsyncGenerator<Tick> {
  for await (const item of queryItems(table, `RUN#${runId}`, 'TICK#')) yield toTick(runId, item);
}

/**
 * Reads claimed ticks of a run, the newest first.
 * @param limit maximum number of ticks
 * @param before only ticks with a lower number
 * @throws Unavailable
 */
export async function* newestTicks(
  table: Table,
  runId: RunId,
  limit: number,
  before?: number,
): AsyncGenerator<Tick> {
  const options = {
    newestFirst: true,
    limit,
    ...(before !== undefined && { behind: tickKey(runId, before).sk }),
  };
  for await (const item of queryItems(table, `RUN#${runId}`, 'TICK#', options)) yield toTick(runId, item);
}

/**
 * Takes over a tick whose lease has expired.
 * @param tick the tick as it was read
 * @param now milliseconds since 1970
 * @throws ConditionFailed when another scheduler holds the lease, or has changed the tick since it was read
 * @throws Unavailable
 */
export async function leaseTick(
  table: Table,
  tick: LeasedTick,
  lease: TickLease,
  now: number,
): Promise<void> {
  await transact(table, [
    updateWrite(table, tickKey(tick.runId, tick.tick), {
      UpdateExpression: 'SET holder = :me, leaseUntil = :until',
      ConditionExpression: '(holder = :me OR leaseUntil <= :now) AND claimed = :claimed AND sent = :sent',
      ExpressionAttributeValues: {
        ':me': lease.holder,
        ':until': lease.until,
        ':now': now,
        ':claimed': tick.claimed,
        ':sent': tick.sent,
      },
    }),
  ]);
}

/**
 * Records that all claimed jobs were sent, and ends the lease, so that the next scheduler can resume the tick at once.
 * @throws ConditionFailed when another scheduler holds the lease
 * @throws Unavailable
 */
export async function releaseTick(table: Table, tick: LeasedTick): Promise<void> {
  await transact(table, [advanceTickWrite(table, tick, tick.claimed, 0)]);
}

/**
 * Counts the slice's jobs as enqueued before they are sent. Also records that all jobs claimed before were sent, and
 * renews the lease.
 * @throws ConditionFailed when the run was stopped (write 0) or another scheduler holds the lease (write 1)
 * @throws Unavailable
 */
export async function claimSlice(
  table: Table,
  tick: LeasedTick,
  { slice, at, leaseUntil }: SliceClaim,
): Promise<void> {
  await transact(table, [
    updateWrite(table, runKey(tick.runId), {
      UpdateExpression: 'ADD enqueued :jobs',
      ConditionExpression: 'active = :true',
      ExpressionAttributeValues: { ':jobs': slice.to - slice.from, ':true': true },
    }),
    advanceTickWrite(table, { ...tick, sliceClaimedAt: at }, slice.to, leaseUntil),
  ]);
}

/**
 * Closes a tick whose jobs were all sent, or whose run was stopped. No scheduler resumes it.
 * @throws ConditionFailed when another scheduler holds the lease
 * @throws Unavailable
 */
export async function closeTick(table: Table, tick: LeasedTick): Promise<void> {
  await transact(table, [
    advanceTickWrite(table, tick, tick.claimed, 0),
    closeTickWrite(table, tick.runId, tick.tick),
  ]);
}

/** Moves `sent` to the jobs claimed so far, and `claimed` to `toClaimed`. @param leaseUntil 0 ends the lease */
function advanceTickWrite(
  table: Table,
  tick: LeasedTick,
  toClaimed: number,
  leaseUntil: number,
): TransactionWrite {
  return updateWrite(table, tickKey(tick.runId, tick.tick), {
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
  });
}

/** A tick as the ledger stores it. */
export function tickItem({ runId, lease, ...rest }: LeasedTick): Item {
  return { ...tickKey(runId, rest.tick), ...rest, holder: lease.holder, leaseUntil: lease.until };
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
    ...(item.items !== undefined && { items: item.items as TickItems }),
    lease: { holder: item.holder as string, until: item.leaseUntil as number },
  };
}
