import { type Run, readRun } from '../ledger/runs.ts';
import { pageOf, type Table } from '../ledger/table.ts';
import { newestTicks } from '../ledger/ticks.ts';
import type { RunId } from '../model/ids.ts';
import type { TickItems } from '../model/pass.ts';
import type { Tick } from '../model/tick.ts';

/** A tick that has fired. Times are ISO 8601. */
export interface TickStatus {
  tick: number;
  dueAt: string;
  claimedAt: string;
  /** Its jobs: `count` jobs from `firstJob` to `lastJob`. */
  firstJob: number;
  lastJob: number;
  count: number;
  /** Jobs of the tick that are counted as enqueued. */
  enqueued: number;
  /** Jobs of the tick that are known to be in the queue, or were. At most `enqueued`. */
  sent: number;
  /** The time over which the jobs are spread, in milliseconds; 0 for all at once. */
  spreadMs: number;
  /** `stopped`: the run was stopped before all jobs were enqueued. */
  state: 'enqueuing' | 'enqueued' | 'stopped';
  /** The pass that the items come from, and the index of the first one in it; absent for numbered jobs. */
  items?: TickItems;
}

/** Ticks of a run, the newest first. A number that is missing between two ticks is that of a missed tick. */
export interface TicksPage {
  ticks: TickStatus[];
  /** `before` for the next page; absent on the last page. */
  next?: number;
}

/** Asks for a page of a run's ticks. */
export interface TicksQuery {
  runId: RunId;
  /** Maximum number of ticks, 1 to `MAX_PAGE_TICKS`. */
  size: number;
  /** Only ticks with a lower number. */
  before?: number;
}

/** A tick takes a few hundred bytes, and the answer of a function at most 6 MB ("Lambda quotas"). */
export const MAX_PAGE_TICKS = 500;

/**
 * Reads a page of a run's ticks with one query, however many ticks the run has. A hundred ticks cost about ten read units.
 * @returns undefined if there is no such run
 * @throws Unavailable
 */
export async function readTicksPage(
  table: Table,
  { runId, size, before }: TicksQuery,
): Promise<TicksPage | undefined> {
  const [run, { elements, last }] = await Promise.all([
    readRun(table, runId),
    pageOf((limit) => newestTicks(table, runId, limit, before), size),
  ]);
  return run && { ticks: elements.map((tick) => tickStatus(tick, run)), ...(last && { next: last.tick }) };
}

function tickStatus(tick: Tick, { active }: Run): TickStatus {
  const { tick: number, firstJob, count, claimed, sent, items, spreadMs } = tick;
  return {
    tick: number,
    dueAt: iso(tick.dueAt),
    claimedAt: iso(tick.claimedAt),
    firstJob,
    lastJob: firstJob + count - 1,
    count,
    enqueued: claimed,
    sent,
    spreadMs,
    state: sent === count ? 'enqueued' : active || sent < claimed ? 'enqueuing' : 'stopped',
    ...(items && { items }),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
