import type { RunId } from '../model/ids.ts';
import type { Pass } from '../model/pass.ts';
import { openPassWrite, type Run } from './runs.ts';
import { type Item, type Key, readItem, readLast, type Table, transact, updateWrite } from './table.ts';

/** Consecutive items of a pass, and the key of the object that contains them. */
export interface Segment {
  /** The index of its first item in the pass. */
  first: number;
  count: number;
  key: string;
}

const partitionOf = (runId: RunId, pass: number) => `PASS#${runId}#${pass}`;
const passKey = (runId: RunId, pass: number): Key => ({ pk: partitionOf(runId, pass), sk: 'PASS' });
const segmentName = (first: number) => `SEGMENT#${String(first).padStart(9, '0')}`;

/** Reads a pass; undefined if it was never opened, or has expired. @throws Unavailable */
export async function readPass(table: Table, runId: RunId, pass: number): Promise<Pass | undefined> {
  const item = await readItem(table, passKey(runId, pass));
  return item && toPass(item);
}

/** The segment that contains an item of a pass; undefined if there is none. @throws Unavailable */
export async function findSegment(
  table: Table,
  runId: RunId,
  pass: number,
  index: number,
): Promise<Segment | undefined> {
  const found = await readLast(table, partitionOf(runId, pass), segmentName(0), segmentName(index));
  if (!found) return undefined;
  const segment = { first: found.first as number, count: found.count as number, key: found.key as string };
  return index < segment.first + segment.count ? segment : undefined;
}

/**
 * Opens a pass for the run's next tick and makes it the run's current one.
 * @param run the run as it was read
 * @param expiresAt when the ledger may forget the pass, in seconds since 1970
 * @throws ConditionFailed when another scheduler was first, or the run has stopped or changed
 * @throws Unavailable
 */
export async function openPass(table: Table, run: Run, pass: Pass, expiresAt: number): Promise<void> {
  await transact(table, [
    {
      Put: {
        TableName: table.name,
        Item: { ...passKey(pass.runId, pass.pass), ...toItem(pass), expiresAt },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    openPassWrite(table, run, pass.pass),
  ]);
}

/**
 * Records that a reader is about to be invoked.
 * @param until how long it has to begin, in milliseconds since 1970
 * @throws ConditionFailed when another scheduler was first, or a reader has begun
 * @throws Unavailable
 */
export async function inviteReader(table: Table, pass: Pass, until: number): Promise<void> {
  await update(table, pass, 'SET starts = starts + :one, holder = :nobody, leaseUntil = :until', {
    ':one': 1,
    ':nobody': '',
    ':until': until,
  });
}

/**
 * Claims the reading of a pass, or renews the claim.
 * @throws ConditionFailed when somebody else has changed the pass since it was read
 * @throws Unavailable
 */
export async function leasePass(table: Table, pass: Pass, lease: Pass['lease']): Promise<Pass> {
  await update(table, pass, 'SET holder = :me, leaseUntil = :until', {
    ':me': lease.holder,
    ':until': lease.until,
  });
  return { ...pass, lease };
}

/**
 * Adds items to a pass, all or none: the segments, which are in the bucket already, and where to read on.
 * @param next the pass with them
 * @param segments at most 99
 * @throws ConditionFailed when somebody else has changed the pass since it was read; nothing was added
 * @throws Unavailable
 */
export async function extendPass(
  table: Table,
  pass: Pass,
  next: Pass,
  segments: readonly Segment[],
  expiresAt: number,
): Promise<void> {
  const { runId, pass: number } = pass;
  await transact(table, [
    {
      Put: {
        TableName: table.name,
        Item: { ...passKey(runId, number), ...toItem(next), expiresAt },
        ...unchanged(pass),
      },
    },
    ...segments.map((segment) => ({
      Put: {
        TableName: table.name,
        Item: { pk: partitionOf(runId, number), sk: segmentName(segment.first), ...segment, expiresAt },
      },
    })),
  ]);
}

/**
 * Ends a pass that could not be read.
 * @throws ConditionFailed when somebody else has changed the pass since it was read
 * @throws Unavailable
 */
export async function failPass(table: Table, pass: Pass, reason: string, now: number): Promise<void> {
  await update(table, pass, 'SET passState = :failed, reason = :reason, endedAt = :now', {
    ':failed': 'failed',
    ':reason': reason,
    ':now': now,
  });
}

/** Changes a pass on the condition that nobody else has changed it. */
async function update(
  table: Table,
  pass: Pass,
  UpdateExpression: string,
  values: Record<string, unknown>,
): Promise<void> {
  const { ConditionExpression, ExpressionAttributeValues } = unchanged(pass);
  await transact(table, [
    updateWrite(table, passKey(pass.runId, pass.pass), {
      UpdateExpression,
      ConditionExpression,
      ExpressionAttributeValues: { ...ExpressionAttributeValues, ...values },
    }),
  ]);
}

/** The condition that a pass is still being read, by the same reader, with the same items. */
function unchanged({ count, starts, lease }: Pass) {
  return {
    ConditionExpression:
      'passState = :reading AND itemCount = :count AND starts = :starts AND holder = :holder AND leaseUntil = :leased',
    ExpressionAttributeValues: {
      ':reading': 'reading',
      ':count': count,
      ':starts': starts,
      ':holder': lease.holder,
      ':leased': lease.until,
    },
  };
}

/** `state` and `count` are reserved words in DynamoDB. */
function toItem({ state, count, lease, ...pass }: Pass): Item {
  return {
    ...pass,
    passState: state,
    itemCount: count,
    holder: lease.holder,
    leaseUntil: lease.until,
  };
}

function toPass({
  pk: _,
  sk: __,
  expiresAt: ___,
  passState,
  itemCount,
  holder,
  leaseUntil,
  ...pass
}: Item): Pass {
  return {
    ...(pass as unknown as Pass),
    state: passState as Pass['state'],
    count: itemCount as number,
    lease: { holder: holder as string, until: leaseUntil as number },
  };
}
