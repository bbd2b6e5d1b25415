import { inviteReader, openPass, readPass } from '../ledger/passes.ts';
import { type Run, readRun, readSchedule, type Schedule, skipTicks } from '../ledger/runs.ts';
import { readScaling } from '../ledger/scaling.ts';
import { claimTick, type LeasedTick, leaseTick, readTick } from '../ledger/ticks.ts';
import { indexAt } from '../model/index-name.ts';
import { type AutomaticPacking, jobsPerMessageOf, type PackingFigures } from '../model/packing.ts';
import {
  type ItemsStep,
  isAwaited,
  itemsStep,
  lateReason,
  type Pass,
  type PassName,
  type TickItems,
} from '../model/pass.ts';
import { nextStep, nextTickAfter } from '../model/schedule.ts';
import { MAX_SPREAD_MS, nextSlice } from '../model/tick.ts';
import { MAX_DELAY_MS } from '../queue/queue.ts';
import { ruleInForce } from '../scaling/rule-in-force.ts';
import {
  type EnqueueResult,
  enqueue,
  LEASE_MS,
  type Scheduler,
  SLICE_MS,
  unlessConditionFailed,
} from './enqueue.ts';

/** How long a reader has to begin after it was invoked, in milliseconds. Then another one is invoked. */
const READER_START_MS = 30_000;

/** What one invocation of the scheduler did. */
export interface FireResult {
  /** Ticks that this invocation fired. */
  ticks: EnqueueResult[];
  /** Ticks of earlier invocations that this one resumed. */
  resumed: EnqueueResult[];
  /** Number of ticks that were missed. */
  missed: number;
  /** The pass that a reader was asked to read. The next tick waits for it. */
  reading?: PassName;
  /** Whether the time ran out before all due jobs were sent. The next invocation sends the rest. */
  unfinished: boolean;
}

/**
 * Fires what is due: resumes ticks that earlier invocations did not finish, fires the ticks that are due, and skips the
 * missed ones. Safe to run twice or at the same time: each tick is claimed once.
 *
 * @param eventTime when the event was due, in milliseconds since 1970; the current time if invoked by hand
 * @param endsAt when the invocation ends, by the scheduler's clock, in milliseconds since 1970
 * @throws Unavailable; the next invocation resumes unfinished ticks
 */
export async function fire(scheduler: Scheduler, eventTime: number, endsAt: number): Promise<FireResult> {
  const fired: FireResult = { ticks: [], resumed: [], missed: 0, unfinished: false };
  let schedule = await readSchedule(scheduler.table);
  for (const open of schedule.openTicks) {
    const tick = await leaseOpenTick(scheduler, open, open.runId === schedule.activeRunId, endsAt);
    if (tick) await enqueueTick(tick, fired.resumed);
  }
  while (!fired.unfinished && scheduler.clock() < endsAt) {
    schedule = await readSchedule(scheduler.table);
    const run = schedule.activeRunId && (await readRun(scheduler.table, schedule.activeRunId));
    if (!run || !(await fireNext(schedule, run))) break;
  }
  return fired;

  /** Does what is due next. @returns false if nothing is due, or the next tick waits for its items */
  async function fireNext(schedule: Schedule, run: Run): Promise<boolean> {
    const { table } = scheduler;
    const now = scheduler.clock();
    const pass = run.list && run.pass > 0 ? await readPass(table, run.runId, run.pass) : undefined;
    // A tick that waits for its items is not missed, however long reading them takes.
    const patience = isAwaited(run, pass) ? { backfillMinutes: Number.POSITIVE_INFINITY } : {};
    const next = nextStep({ ...run, ...patience }, now, eventTime);
    if (!next) return false;
    if (next.kind === 'missed') {
      await skip({ ...next, reason: lateReason(run, pass) });
      return true;
    }
    const items: ItemsStep | undefined = run.list && itemsStep(run, pass, now);
    switch (items?.kind) {
      case 'wait':
        return false;
      case 'missed':
        await skip({
          count: 1,
          nextTick: run.nextTick + 1,
          nextTickAt: nextTickAfter(run.y, run.nextTickAt),
          reason: items.reason,
        });
        return true;
      case 'open':
        return !(await read(openedPass(run, items, now), (opened) => openPass(table, run, opened)));
      case 'read':
        return !(await read(items.pass, (pass) => inviteReader(table, pass, now + READER_START_MS)));
      default: {
        const tick = await claimNextTick(scheduler, schedule, run, items ?? { count: run.x as number }, now);
        if (!tick) return true;
        // Before the jobs are enqueued, so that the workers are ready when they are. Once is enough for several late ticks.
        if (fired.ticks.length === 0) await scheduler.startAutoscaler();
        await enqueueTick(tick, fired.ticks);
        return true;
      }
    }

    async function skip(missed: Parameters<typeof skipTicks>[2]): Promise<void> {
      if (await unlessConditionFailed(() => skipTicks(table, run, missed, now))) fired.missed += missed.count;
    }

    /** Has a reader read the pass, if no other scheduler was first. @returns whether it was asked to */
    async function read(pass: Pass, record: (pass: Pass) => Promise<void>): Promise<boolean> {
      if (!(await unlessConditionFailed(() => record(pass)))) return false;
      fired.reading = { runId: pass.runId, pass: pass.pass };
      await scheduler.startReader(fired.reading);
      return true;
    }
  }

  async function enqueueTick(tick: LeasedTick, results: EnqueueResult[]): Promise<void> {
    const { enqueued, unfinished } = await enqueue(scheduler, tick, endsAt);
    results.push(enqueued);
    fired.unfinished ||= unfinished;
  }
}

/** A pass for the run's next tick, of which nothing was read. */
function openedPass(run: Run, { pass, shared }: ItemsStep & { kind: 'open' }, now: number): Pass {
  return {
    runId: run.runId,
    pass,
    tick: run.nextTick,
    state: 'reading',
    shared,
    count: 0,
    starts: 1,
    lease: { holder: '', until: now + READER_START_MS },
    openedAt: now,
    invalid: { count: 0 },
  };
}

/** Claims the run's next tick. @returns undefined if another scheduler was first, or the run has changed */
async function claimNextTick(
  scheduler: Scheduler,
  schedule: Schedule,
  run: Run,
  { items, count }: { items?: TickItems; count: number },
  now: number,
): Promise<LeasedTick | undefined> {
  const nextTickAt = nextTickAfter(run.y, run.nextTickAt);
  const { settings, table } = scheduler;
  const figures = settings.jobsPerMessage === 'auto' ? await readPackingFigures(table, settings) : {};
  const tick: LeasedTick = {
    runId: run.runId,
    tick: run.nextTick,
    firstJob: schedule.nextJobId,
    count,
    claimed: 0,
    sent: 0,
    jobsPerMessage: jobsPerMessageOf(count, settings, figures),
    dueAt: run.nextTickAt,
    claimedAt: now,
    sliceClaimedAt: now,
    spreadMs: run.pace === 'even' ? Math.min(nextTickAt - run.nextTickAt, MAX_SPREAD_MS) : 0,
    index: indexAt(run.indexing, run.nextTickAt),
    ...(items && { items }),
    lease: { holder: scheduler.name, until: now + LEASE_MS },
  };
  const claimed = await unlessConditionFailed(() => claimTick(table, schedule, run, tick, nextTickAt));
  return claimed ? tick : undefined;
}

/** What is known about the jobs. Never throws: without figures the tick is packed cautiously. */
async function readPackingFigures(
  table: Scheduler['table'],
  { autoscale }: AutomaticPacking,
): Promise<PackingFigures> {
  try {
    const scaling = await readScaling(table);
    return { timing: scaling.timing, workers: ruleInForce(scaling, { autoscale })?.max };
  } catch {
    return {};
  }
}

/**
 * Leases an open tick whose scheduler has released it or died. Waits for the end of the current lease, and leaves the
 * tick to its holder if that renews the lease. An `even` tick of an active run is leased only when its next jobs can be
 * sent; one of a stopped run at once, so that it is closed.
 * @param active whether the tick's run is active
 */
async function leaseOpenTick(
  { table, clock, sleep, name }: Scheduler,
  { runId, tick: number }: Schedule['openTicks'][number],
  active: boolean,
  endsAt: number,
): Promise<LeasedTick | undefined> {
  let tick = await readTick(table, runId, number);
  const waitMs = tick ? tick.lease.until - clock() : 0;
  if (waitMs > LEASE_MS || clock() + waitMs + SLICE_MS > endsAt) return undefined;
  if (waitMs > 0) {
    await sleep(waitMs);
    tick = await readTick(table, runId, number);
  }
  if (!tick || (active && isEarly(tick, clock()))) return undefined;
  const now = clock();
  const lease = { holder: name, until: now + LEASE_MS };
  const openTick = tick;
  const isLeased = await unlessConditionFailed(() => leaseTick(table, openTick, lease, now));
  return isLeased ? { ...openTick, lease } : undefined;
}

/** Whether all claimed jobs were sent, and it is too early to send more. */
function isEarly(tick: LeasedTick, now: number): boolean {
  return tick.sent === tick.claimed && tick.claimed < tick.count && !nextSlice(tick, 1, now + MAX_DELAY_MS);
}
