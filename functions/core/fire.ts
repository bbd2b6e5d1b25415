import { ConditionFailed } from './errors.ts';
import type { RunId } from './ids.ts';
import { type Run, readRun, readSchedule, type Schedule, skipTicks } from './ledger/run.ts';
import type { Table } from './ledger/table.ts';
import {
  claimSlice,
  claimTick,
  closeTick,
  type LeasedTick,
  leaseTick,
  markSent,
  readTick,
  releaseTick,
} from './ledger/tick.ts';
import { foldRetired } from './ledger/worker.ts';
import { type Queue, send } from './queue.ts';
import { due } from './schedule.ts';
import { messagesOf, nextSlice } from './tick.ts';

/** What a scheduler works with. */
export interface Scheduler {
  /** Names this invocation, as the holder of the ticks that it is sending. */
  name: string;
  table: Table;
  jobs: Queue;
  settings: { jobsPerMessage: number };
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
}

/** What a firing did. */
export interface Fired {
  /** Ticks that fired now, with how many jobs each put in the queue so far. */
  ticks: { runId: RunId; tick: number; enqueued: number }[];
  /** Ticks of an earlier firing that this one carried on with. */
  resumed: { runId: RunId; tick: number; enqueued: number }[];
  missed: number;
  /** Whether time ran out before all was sent; the next firing carries on. */
  unfinished: boolean;
}

/** Messages in a slice: one ledger transaction before and one after it, and ten SendMessageBatch calls at a time. */
export const SLICE_MESSAGES = 100;

/** How long a scheduler's hold on a tick lasts without a sign of life; a slice takes well under a second. */
export const LEASE_MS = 10_000;

/** No slice is begun when less than this is left of the invocation, in milliseconds. */
const SLICE_MS = 5_000;

/**
 * Does exactly what is due: carries on with ticks that an earlier firing left unsent, fires the ticks that are due,
 * passes over those that were missed. Fired twice, or by two at once, it does nothing twice.
 *
 * @param now the event's time, milliseconds since 1970
 * @param endsAt when the invocation is over, by the scheduler's clock
 * @throws Unavailable; what was begun is carried on with by the next firing
 */
export async function fire(scheduler: Scheduler, now: number, endsAt: number): Promise<Fired> {
  const fired: Fired = { ticks: [], resumed: [], missed: 0, unfinished: false };
  let schedule = await readSchedule(scheduler.table);
  for (const open of schedule.openTicks) {
    const tick = await takeOver(scheduler, open.runId, open.tick, endsAt);
    if (tick) fired.resumed.push(await enqueue(scheduler, tick, endsAt, fired));
  }
  while (!fired.unfinished && scheduler.clock() < endsAt) {
    schedule = await readSchedule(scheduler.table);
    const run = schedule.activeRunId && (await readRun(scheduler.table, schedule.activeRunId));
    const next = run && due(run, now);
    if (!run || !next) break;
    if (next.kind === 'missed') {
      if (!(await tolerating(() => skipTicks(scheduler.table, run, next)))) continue;
      fired.missed += next.count;
    } else {
      const tick = await claim(scheduler, schedule, run);
      if (tick) fired.ticks.push(await enqueue(scheduler, tick, endsAt, fired));
    }
  }
  if (schedule.lastRunId) await fold(scheduler, schedule.lastRunId);
  return fired;
}

/** Claims the run's next tick; nothing when another scheduler was first, or the run has changed meanwhile. */
async function claim(scheduler: Scheduler, schedule: Schedule, run: Run): Promise<LeasedTick | undefined> {
  const at = scheduler.clock();
  const tick: LeasedTick = {
    runId: run.runId,
    tick: run.nextTick,
    firstJob: schedule.nextJobId,
    count: run.x,
    claimed: 0,
    sent: 0,
    jobsPerMessage: scheduler.settings.jobsPerMessage,
    dueAt: run.nextTickAt,
    claimedAt: at,
    lease: { holder: scheduler.name, until: at + LEASE_MS },
  };
  const nextTickAt = run.nextTickAt + run.y * 60_000;
  const claimed = await tolerating(() => claimTick(scheduler.table, schedule, run, tick, nextTickAt));
  return claimed ? tick : undefined;
}

/**
 * Takes over a tick whose scheduler has died. While it shows signs of life the tick is left to it; the wait to find
 * that out is no longer than a lease.
 */
async function takeOver(
  scheduler: Scheduler,
  runId: RunId,
  number: number,
  endsAt: number,
): Promise<LeasedTick | undefined> {
  let tick = await readTick(scheduler.table, runId, number);
  const wait = tick ? tick.lease.until - scheduler.clock() : 0;
  if (wait > LEASE_MS || scheduler.clock() + wait + SLICE_MS > endsAt) return undefined;
  if (wait > 0) {
    await scheduler.sleep(wait);
    tick = await readTick(scheduler.table, runId, number);
  }
  if (!tick) return undefined;
  const now = scheduler.clock();
  const lease = { holder: scheduler.name, until: now + LEASE_MS };
  const held = tick;
  return (await tolerating(() => leaseTick(scheduler.table, held, lease, now)))
    ? { ...held, lease }
    : undefined;
}

/**
 * Sends a tick's jobs, slice by slice: count them as enqueued, send them, note that they are sent. Dying after any
 * step leaves a tick that `takeOver` carries on with; jobs of the slice under way are sent a second time then, which
 * the ledger absorbs.
 */
async function enqueue(
  scheduler: Scheduler,
  tick: LeasedTick,
  endsAt: number,
  fired: Fired,
): Promise<{ runId: RunId; tick: number; enqueued: number }> {
  const { table, jobs, clock } = scheduler;
  const before = tick.sent;
  const report = () => ({ runId: tick.runId, tick: tick.tick, enqueued: tick.sent - before });
  const held = await tolerating(async () => {
    for (;;) {
      if (clock() + SLICE_MS > endsAt) {
        fired.unfinished = true;
        return releaseTick(table, tick);
      }
      if (tick.sent === tick.claimed) {
        const slice = nextSlice(tick, SLICE_MESSAGES);
        if (!slice || !(await claimNext(slice))) return closeTick(table, tick);
      }
      const slice = { from: tick.sent, to: tick.claimed };
      await send(
        jobs,
        messagesOf(tick, slice, clock()).map((message) => ({ MessageBody: JSON.stringify(message) })),
      );
      await markSent(table, tick, clock() + LEASE_MS);
      tick.sent = tick.claimed;
    }
  });
  // Another scheduler took this one for dead and has the tick now.
  if (!held) fired.unfinished = true;
  return report();

  /** Whether there is more to send: a stopped run's ticks end where they stand. */
  async function claimNext(slice: { from: number; to: number }): Promise<boolean> {
    try {
      await claimSlice(table, tick, slice, clock() + LEASE_MS);
      tick.claimed = slice.to;
      return true;
    } catch (error) {
      if (error instanceof ConditionFailed && !error.at.includes(1)) return false;
      throw error;
    }
  }
}

/** Housekeeping may fail: the next firing is a minute away. */
async function fold({ table, clock }: Scheduler, runId: RunId): Promise<void> {
  await tolerating(() => foldRetired(table, runId, clock()));
}

/** Whether a step was taken: not when somebody else was first. */
async function tolerating(step: () => Promise<unknown>): Promise<boolean> {
  try {
    await step();
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
