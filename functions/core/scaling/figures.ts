import { listRuns, type Run, readSchedule, type Schedule } from '../ledger/runs.ts';
import type { Scaling } from '../ledger/scaling.ts';
import type { Table } from '../ledger/table.ts';
import { readTick } from '../ledger/ticks.ts';
import { readTotals, type Totals } from '../ledger/totals.ts';
import type { RunId } from '../model/ids.ts';
import type { ScalingFigures } from '../model/scaling.ts';
import type { Tick } from '../model/tick.ts';
import type { Timing } from '../model/timing.ts';

/** What the ledger knows about the work to be done. */
export interface Work {
  /** Jobs that workers should do now. */
  backlog: number;
  timing?: Timing;
  schedule?: NonNullable<ScalingFigures['schedule']>;
  /** The newest run; absent before the first. */
  totals?: Totals;
  /** See `Scaling.drained`. */
  drained?: RunId;
}

/**
 * Reads the work from the ledger: the jobs of the newest run and of the one before it, which may still be draining.
 * @param scaling the state after the last decision
 * @param now milliseconds since 1970
 * @throws Unavailable
 */
export async function readWork(table: Table, scaling: Scaling, now: number): Promise<Work> {
  const [newest, earlier] = await listRuns(table, 2);
  const totals = newest && (await readTotals(table, newest.runId));
  if (!totals) return { backlog: 0, ...(scaling.timing && { timing: scaling.timing }) };
  const { run } = totals;
  // Read after the totals, so that it includes every job that they contain.
  const schedule = await readSchedule(table);
  // The last tick may be closed although SQS still delays its jobs.
  const numbers = schedule.openTicks.filter(({ runId }) => runId === run.runId).map(({ tick }) => tick);
  const ticks = await Promise.all(
    [...new Set([...numbers, run.tick])].filter(Boolean).map((tick) => readTick(table, run.runId, tick)),
  );
  const known = ticks.filter((tick) => tick !== undefined);
  const before =
    earlier && earlier.runId !== scaling.drained ? await readTotals(table, earlier.runId) : undefined;
  const leftBefore = before ? pendingOf(before) : 0;
  // The workers of a new run have measured nothing yet.
  const timing = totals.timing ?? before?.timing ?? scaling.timing;
  const drained = leftBefore === 0 ? earlier?.runId : scaling.drained;
  const cadence = run.active ? scheduleOf(run, known) : undefined;
  return {
    backlog: leftBefore + dueJobs(totals, schedule, known, now),
    ...(timing && { timing }),
    ...(cadence && { schedule: cadence }),
    totals,
    ...(drained && { drained }),
  };
}

/** Jobs that are enqueued and not counted yet. */
function pendingOf({ run, processed, failed }: Totals): number {
  return Math.max(0, run.enqueued - processed - failed);
}

/**
 * The jobs of a run that are due and not counted yet. Jobs of a tick count as soon as the tick is claimed, before they are
 * enqueued. Jobs of `even` ticks count when they are due, whether or not SQS delays their messages already.
 * @param schedule read after the totals
 * @param ticks the run's last tick, and its open ones
 * @param now milliseconds since 1970
 */
export function dueJobs(
  totals: Totals,
  schedule: Pick<Schedule, 'activeRunId' | 'nextJobId'>,
  ticks: readonly Tick[],
  now: number,
): number {
  const { run, processed, failed } = totals;
  // Ticks of a stopped run enqueue no more jobs. Earlier versions of the code did not record the first jobId.
  const isActive = run.runId === schedule.activeRunId && run.firstJobId !== undefined;
  const jobs = isActive ? schedule.nextJobId - (run.firstJobId ?? 0) : run.enqueued;
  const early = ticks.map((tick) =>
    Math.max(0, (isActive ? tick.count : tick.claimed) - dueJobsOf(tick, now)),
  );
  return Math.max(0, jobs - processed - failed - early.reduce((sum, each) => sum + each, 0));
}

/** The number of a tick's jobs that are due (`jobDueAt`). */
function dueJobsOf({ count, dueAt, spreadMs }: Tick, now: number): number {
  if (spreadMs === 0) return count;
  return Math.min(count, Math.max(0, Math.ceil(((now - dueAt + 1) * count) / spreadMs)));
}

/**
 * The schedule of a run, for a decision; undefined before the first tick of a cron expression, which names no period.
 * @param ticks as for `dueJobs`; the last of them says how many items a list has
 */
export function scheduleOf(run: Run, ticks: readonly Tick[]): ScalingFigures['schedule'] {
  const { y, nextTickAt, lastTickDueAt, pace } = run;
  if (typeof y !== 'number' && lastTickDueAt === undefined) return undefined;
  const x = run.x === 'all' ? ticks.at(-1)?.count : run.x;
  return {
    ...(x !== undefined && { x }),
    periodMs: typeof y === 'number' ? y * 60_000 : nextTickAt - (lastTickDueAt ?? 0),
    nextTickAt,
    pace,
  };
}
