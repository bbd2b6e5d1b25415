import type { RunId } from './ids.ts';

/**
 * One reading of a run's list: a snapshot that never changes. Its items belong to it in the order in which they were read.
 *
 *     opened by the scheduler ─► reading ─► complete ─► ticks take items
 *                                   └─────► failed   ─► its tick is missed
 */
export interface Pass {
  runId: RunId;
  /** The number of the pass in its run, from 1. */
  pass: number;
  /** The tick for which it was opened. That tick waits for it. */
  tick: number;
  state: 'reading' | 'complete' | 'failed';
  /** Whether several ticks take items from it. Otherwise one tick takes all. */
  shared: boolean;
  /** Number of items that were read and stored. */
  count: number;
  /** Where to read on, as JSON; absent before the first page. */
  cursor?: string;
  /** How often a reader was invoked since the last item was stored. */
  starts: number;
  /** Who reads, and until when the claim holds, in milliseconds since 1970. An invoked reader has no name yet. */
  lease: { holder: string; until: number };
  /** Milliseconds since 1970. */
  openedAt: number;
  endedAt?: number;
  /** Why it failed. */
  reason?: string;
  /** Items that do not fit the job's schema or cannot be stored. Their jobs become dead letters. */
  invalid: { count: number; first?: { index: number; problem: string } };
}

/** Identifies a pass. */
export type PassName = Pick<Pass, 'runId' | 'pass'>;

/** The items of a tick: its job at `index` has the item `first + index` of the pass. */
export interface TickItems {
  pass: number;
  first: number;
}

/** The part of a run that determines where its next tick's items come from. */
export interface ListState {
  /** Jobs per tick; `all`: each tick has all items, in a pass for this tick alone. */
  x: number | 'all';
  nextTick: number;
  /** The number of the current pass, 0 before the first. */
  pass: number;
  /** Number of items of the current pass that belong to ticks. */
  taken: number;
}

/** What must happen so that a tick that is due gets its items. */
export type ItemsStep =
  /** The tick takes these items. */
  | { kind: 'take'; items: TickItems; count: number }
  /** A new pass must be opened. */
  | { kind: 'open'; pass: number; shared: boolean }
  /** Nobody reads the tick's pass: a reader must be invoked. */
  | { kind: 'read'; pass: Pass }
  /** The tick's pass is being read. */
  | { kind: 'wait' }
  /** The tick's pass has failed. */
  | { kind: 'missed'; reason: string };

/** A reader that stores nothing this many times in a row has died each time. The pass is then given up. */
export const MAX_STARTS = 4;

/** Ticks take items of a shared pass for at most this long after it was opened, in milliseconds. S3 keeps its items longer. */
export const MAX_SHARED_MS = 365 * 86_400_000;

/**
 * How long the items of a pass are kept after it was opened, in days. A tick of a shared pass may come a year later. Longer
 * than any message of a tick can be delivered (retention.ts); infra-cdk checks this.
 */
export const KEPT_DAYS = { once: 45, shared: 365 + 45 } as const;

/** When the ledger and the bucket may forget a pass, in seconds since 1970. */
export function expiryOf({ shared, openedAt }: Pick<Pass, 'shared' | 'openedAt'>): number {
  return Math.ceil(openedAt / 1_000) + (shared ? KEPT_DAYS.shared : KEPT_DAYS.once) * 86_400;
}

/** Whether the run's next tick waits for this pass. Then it is never too late: reading may take longer than a period. */
export function isAwaited({ nextTick }: Pick<ListState, 'nextTick'>, pass: Pass | undefined): boolean {
  return pass?.tick === nextTick;
}

/**
 * Decides where the items of the run's next tick come from.
 * @param pass the run's current pass; undefined before the first
 * @param now milliseconds since 1970
 */
export function itemsStep(run: ListState, pass: Pass | undefined, now: number): ItemsStep {
  const open: ItemsStep = { kind: 'open', pass: run.pass + 1, shared: run.x !== 'all' };
  if (!pass) return open;
  const isComplete = pass.state === 'complete';
  if (!isAwaited(run, pass)) {
    const isUsable = isComplete && pass.shared && now - pass.openedAt < MAX_SHARED_MS;
    return isUsable && run.x !== 'all' && run.taken < pass.count ? take(run, pass) : open;
  }
  if (isComplete) return take(run, pass);
  if (pass.state === 'failed') return { kind: 'missed', reason: pass.reason ?? 'the list could not be read' };
  if (pass.lease.until > now) return { kind: 'wait' };
  if (pass.starts < MAX_STARTS) return { kind: 'read', pass };
  return {
    kind: 'missed',
    reason: `the reader of the list ended ${MAX_STARTS} times without a result: it ran out of memory or time, or could not start or store the items; its log says more`,
  };
}

/**
 * Why the run's next ticks are too late: the scheduler did not run, or the tick before them waited for its items.
 * @param pass the run's current pass
 */
export function lateReason(
  { nextTick, nextTickAt }: Pick<ListState, 'nextTick'> & { nextTickAt: number },
  pass: Pass | undefined,
): string {
  if (pass?.tick !== nextTick - 1 || (pass.endedAt ?? Number.POSITIVE_INFINITY) <= nextTickAt)
    return 'the scheduler ran too late';
  return pass.state === 'failed'
    ? `the list could not be read for tick ${pass.tick}, which took until then: ${pass.reason}`
    : `the list was still being read for tick ${pass.tick}`;
}

/** An `all` run takes everything; so does a run whose X was changed after a pass for one tick was opened. */
function take({ x, taken }: ListState, { pass, count, shared }: Pass): ItemsStep {
  const remaining = count - taken;
  return {
    kind: 'take',
    items: { pass, first: taken },
    count: x === 'all' || !shared ? remaining : Math.min(x, remaining),
  };
}
