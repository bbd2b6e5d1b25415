import { type Run, readRun, readSchedule, type Schedule, skipTicks } from '../ledger/runs.ts';
import { claimTick, type LeasedTick, leaseTick, readTick } from '../ledger/ticks.ts';
import { indexAt } from '../model/index-name.ts';
import { nextStep } from '../model/schedule.ts';
import { jobsPerMessageOf, nextSlice } from '../model/tick.ts';
import { MAX_DELAY_MS } from '../queue/queue.ts';
import {
  type EnqueueResult,
  enqueue,
  LEASE_MS,
  type Scheduler,
  SLICE_MS,
  unlessConditionFailed,
} from './enqueue.ts';

/** What a firing did. */
export interface FireResult {
  /** Ticks that fired now, with how many jobs each put in the queue so far. */
  ticks: EnqueueResult[];
  /** Ticks of an earlier firing that this one carried on with. */
  resumed: EnqueueResult[];
  missed: number;
  /** Whether time ran out before all was sent; the next firing carries on. */
  unfinished: boolean;
}

/**
 * Does exactly what is due: carries on with ticks that an earlier firing left unsent, fires the ticks that are due,
 * passes over those that were missed. Fired twice, or by two at once, it does nothing twice.
 *
 * @param eventTime when the event was due, in milliseconds since 1970; the current time if invoked by hand
 * @param endsAt when the invocation is over, by the scheduler's clock
 * @throws Unavailable; what was begun is carried on with by the next firing
 */
export async function fire(scheduler: Scheduler, eventTime: number, endsAt: number): Promise<FireResult> {
  const fired: FireResult = { ticks: [], resumed: [], missed: 0, unfinished: false };
  let schedule = await readSchedule(scheduler.table);
  for (const open of schedule.openTicks) {
    const tick = await takeOver(scheduler, open, open.runId === schedule.activeRunId, endsAt);
    if (tick) await carryOn(tick, fired.resumed);
  }
  while (!fired.unfinished && scheduler.clock() < endsAt) {
    schedule = await readSchedule(scheduler.table);
    const run = schedule.activeRunId && (await readRun(scheduler.table, schedule.activeRunId));
    const now = scheduler.clock();
    const next = run && nextStep(run, now, eventTime);
    if (!run || !next) break;
    if (next.kind === 'missed') {
      if (!(await unlessConditionFailed(() => skipTicks(scheduler.table, run, next)))) continue;
      fired.missed += next.count;
    } else {
      const tick = await claim(scheduler, schedule, run, now);
      if (tick) await carryOn(tick, fired.ticks);
    }
  }
  return fired;

  async function carryOn(tick: LeasedTick, done: EnqueueResult[]): Promise<void> {
    const { enqueued, unfinished } = await enqueue(scheduler, tick, endsAt);
    done.push(enqueued);
    fired.unfinished ||= unfinished;
  }
}

/** Claims the run's next tick; nothing when another scheduler was first, or the run has changed meanwhile. */
async function claim(
  scheduler: Scheduler,
  schedule: Schedule,
  run: Run,
  at: number,
): Promise<LeasedTick | undefined> {
  const tick: LeasedTick = {
    runId: run.runId,
    tick: run.nextTick,
    firstJob: schedule.nextJobId,
    count: run.x,
    claimed: 0,
    sent: 0,
    jobsPerMessage: jobsPerMessageOf(run.x, scheduler.settings),
    dueAt: run.nextTickAt,
    claimedAt: at,
    sliceClaimedAt: at,
    spreadMs: run.pace === 'even' ? run.y * 60_000 : 0,
    index: indexAt(run.indexing, run.nextTickAt),
    lease: { holder: scheduler.name, until: at + LEASE_MS },
  };
  const nextTickAt = run.nextTickAt + run.y * 60_000;
  const claimed = await unlessConditionFailed(() =>
    claimTick(scheduler.table, schedule, run, tick, nextTickAt),
  );
  return claimed ? tick : undefined;
}

/**
 * Takes over a tick that its scheduler has left, or has died with. While that one shows signs of life the tick is left
 * to it; the wait to find that out is no longer than a lease. A tick that is spread over its minutes waits untouched
 * until its next jobs can be sent, unless its run is over: then it ends.
 */
async function takeOver(
  { table, clock, sleep, name }: Scheduler,
  { runId, tick: number }: Schedule['openTicks'][number],
  active: boolean,
  endsAt: number,
): Promise<LeasedTick | undefined> {
  let tick = await readTick(table, runId, number);
  const wait = tick ? tick.lease.until - clock() : 0;
  if (wait > LEASE_MS || clock() + wait + SLICE_MS > endsAt) return undefined;
  if (wait > 0) {
    await sleep(wait);
    tick = await readTick(table, runId, number);
  }
  if (!tick || (active && waits(tick, clock()))) return undefined;
  const now = clock();
  const lease = { holder: name, until: now + LEASE_MS };
  const held = tick;
  return (await unlessConditionFailed(() => leaseTick(table, held, lease, now)))
    ? { ...held, lease }
    : undefined;
}

/** Whether all that was claimed is sent, and it is too early for the rest. */
function waits(tick: LeasedTick, now: number): boolean {
  return tick.sent === tick.claimed && tick.claimed < tick.count && !nextSlice(tick, 1, now + MAX_DELAY_MS);
}
