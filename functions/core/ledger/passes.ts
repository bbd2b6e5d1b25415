import type { RunId } from '../model/ids.ts';
import { expiryOf, type Pass } from '../model/pass.ts';
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
 * @throws ConditionFailed when another scheduler was first, or the run has stopped or changed
 * @throws Unavailable
 */
export async function openPass(table: Table, run: Run, pass: Pass): Promise<void> {
  await transact(table, [
    {
      Put: {
        TableName: table.name,
        Item: { ...passKey(pass.runId, pass.pass), ...toItem(pass) },
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
  await change(table, pass, {
    update: 'SET starts = :next, holder = :nobody, leaseUntil = :until',
    values: { ':next': pass.starts + 1, ':nobody': '', ':until': until, ...claimValues(pass) },
    condition: CLAIM_IS_AS_READ,
  });
}

/**
 * Claims the reading of a pass that nobody reads.
 * @param pass as it was read
 * @param now milliseconds since 1970
 * @throws ConditionFailed when another reader has claimed it
 * @throws Unavailable
 */
export async function claimPass(table: Table, pass: Pass, lease: Pass['lease'], now: number): Promise<Pass> {
  await change(table, pass, {
    update: 'SET holder = :me, leaseUntil = :until',
    values: { ':me': lease.holder, ':until': lease.until, ':nobody': '', ':now': now, ...claimValues(pass) },
    condition: `${CLAIM_IS_AS_READ} AND (holder = :nobody OR holder = :me OR leaseUntil <= :now)`,
  });
  return { ...pass, lease };
}

const CLAIM_IS_AS_READ = 'leaseUntil = :leased AND starts = :starts';
const claimValues = ({ lease, starts }: Pass) => ({
  ':holder': lease.holder,
  ':leased': lease.until,
  ':starts': starts,
});

/** Renews a reader's claim, or ends it. @throws ConditionFailed when the reader has lost it @throws Unavailable */
export async function renewPass(table: Table, pass: Pass, { until }: Pass['lease']): Promise<void> {
  await change(table, pass, { update: 'SET leaseUntil = :until', values: { ':until': until } });
}

/**
 * Adds items to a pass, all or none: the segments, which are in the bucket already, and where to read on.
 * @param pass as the reader that holds it knows it
 * @param next the pass with the items
 * @param segments at most 99
 * @throws ConditionFailed when the reader has lost its claim; nothing was added
 * @throws Unavailable
 */
export async function extendPass(
  table: Table,
  pass: Pass,
  next: Pass,
  segments: readonly Segment[],
): Promise<void> {
  const { runId, pass: number } = pass;
  const expiresAt = expiryOf(pass);
  await transact(table, [
    {
      Put: {
        TableName: table.name,
        Item: { ...passKey(runId, number), ...toItem(next) },
        ConditionExpression: STILL_HELD,
        ExpressionAttributeValues: heldValues(pass),
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
 * Ends a pass that cannot be read.
 * @throws ConditionFailed when the reader has lost its claim
 * @throws Unavailable
 */
export async function failPass(table: Table, pass: Pass, reason: string, now: number): Promise<void> {
  await change(table, pass, {
    update: 'SET passState = :failed, reason = :reason, endedAt = :now',
    values: { ':failed': 'failed', ':reason': reason, ':now': now },
  });
}

/** What a reader's writes require: the pass is being read, by this reader, and has the items that the reader knows. */
const STILL_HELD = 'passState = :reading AND holder = :holder AND itemCount = :count';
const heldValues = ({ lease, count }: Pass) => ({
  ':reading': 'reading',
  ':holder': lease.holder,
  ':count': count,
});

async function change(
  table: Table,
  pass: Pass,
  { update, values, condition }: { update: string; values: Record<string, unknown>; condition?: string },
): Promise<void> {
  await transact(table, [
    updateWrite(table, passKey(pass.runId, pass.pass), {
      UpdateExpression: update,
      ConditionExpression: condition ? `${STILL_HELD} AND ${condition}` : STILL_HELD,
      ExpressionAttributeValues: { ...heldValues(pass), ...values },
    }),
  ]);
}

/** `state` and `count` are reserved words in DynamoDB. */
function toItem({ state, count, lease, ...pass }: Pass): Item {
  return {
    ...pass,
    passState: state,
    itemCount: count,
    holder: lease.holder,
    leaseUntil: lease.until,
    expiresAt: expiryOf(pass),
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
