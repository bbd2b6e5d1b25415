import { expect, test } from 'vitest';
import { type Run, readSchedule, startRun } from '../../../../../functions/core/ledger/runs.ts';
import type { Totals } from '../../../../../functions/core/ledger/totals.ts';
import { cronLine } from '../../../../../functions/core/model/cron.ts';
import type { RunId } from '../../../../../functions/core/model/ids.ts';
import { jobDueAt } from '../../../../../functions/core/model/tick.ts';
import { dueJobs, readWork, scheduleOf } from '../../../../../functions/core/scaling/figures.ts';
import { InMemoryCloud } from '../../../../fixtures/in-memory-cloud.ts';
import { job, NOW, newRun, RUN, startedRun, tick } from '../../../../fixtures/ledger.ts';

const MINUTE = 60_000;

function totals(run: Partial<Run>, processed = 0, failed = 0): Totals {
  const retired = { processed: 0, failed: 0, workers: 0 };
  return { run: { runId: RUN, firstJobId: job(1), ...run } as Run, processed, failed, workers: [], retired };
}

/** The schedule after ticks with this many jobs. */
const after = (jobs: number, activeRunId: RunId | undefined = RUN) => ({
  ...(activeRunId && { activeRunId }),
  nextJobId: job(jobs + 1),
});

test('the backlog of an active run has the jobs of claimed ticks, enqueued or not', () => {
  for (const [claimed, enqueued] of [
    [0, 0],
    [40, 40],
    // The slice was claimed between the readings of the run and of the tick.
    [40, 0],
    [100, 100],
  ] as const)
    expect(dueJobs(totals({ enqueued }), after(100), [tick({ claimed })], NOW)).toBe(100);
  expect(dueJobs(totals({ enqueued: 100 }, 60, 10), after(100), [tick()], NOW)).toBe(30);
});

test('a stopped run enqueues no more jobs', () => {
  const open = tick({ claimed: 40 });
  for (const schedule of [after(100, undefined), after(100, 'another' as RunId)])
    expect(
      dueJobs(totals({ enqueued: 40 }, 5), { ...schedule, activeRunId: 'another' as RunId }, [open], NOW),
    ).toBe(35);
});

test('jobs of an `even` tick count when they are due, to the job', () => {
  for (const spreadMs of [10 * MINUTE, 7_777, 99]) {
    const even = tick({ spreadMs, claimed: 100 });
    for (let at = -1; at <= spreadMs + 1; at += Math.max(1, Math.floor(spreadMs / 500))) {
      const due = Array.from({ length: 100 }, (_, index) => jobDueAt(even, index) <= NOW + at).filter(
        Boolean,
      );
      expect(dueJobs(totals({ enqueued: 100 }), after(100), [even], NOW + at), `${spreadMs} ${at}`).toBe(
        due.length,
      );
    }
  }
  // Half an hour of a longer tick. Its later jobs are not enqueued yet.
  const long = tick({ spreadMs: 100 * MINUTE, claimed: 45 });
  expect(dueJobs(totals({ enqueued: 45 }, 20), after(100), [long], NOW + 30 * MINUTE - 1)).toBe(10);
  const stopped = { ...after(100), activeRunId: 'another' as RunId };
  expect(dueJobs(totals({ enqueued: 45 }, 20), stopped, [long], NOW + 30 * MINUTE - 1)).toBe(10);
});

test('a schedule has its period in milliseconds, and the size of the list if all items are due', () => {
  const run = { x: 100, y: 5, pace: 'burst', nextTickAt: NOW } as Run;
  expect(scheduleOf(run, [])).toEqual({ x: 100, periodMs: 5 * MINUTE, nextTickAt: NOW, pace: 'burst' });
  expect(scheduleOf({ ...run, x: 'all' }, [tick({ count: 7 })])).toMatchObject({ x: 7 });
  expect(scheduleOf({ ...run, x: 'all' }, [])).not.toHaveProperty('x');
  const daily = { ...run, y: cronLine('0 6 * * *', 'UTC'), nextTickAt: Date.UTC(2026, 10, 24, 6) };
  expect(scheduleOf(daily, [])).toBeUndefined();
  expect(scheduleOf({ ...daily, lastTickDueAt: Date.UTC(2026, 10, 22, 6) }, [])).toMatchObject({
    periodMs: 48 * 60 * MINUTE,
  });
});

test('an earlier run that still drains counts, until it has drained', async () => {
  const cloud = new InMemoryCloud();
  expect(await readWork(cloud.table, { recommendations: [] }, NOW)).toEqual({ backlog: 0 });
  await startedRun(cloud.table);
  await cloud.claimTick();
  // Set as by the scheduler's slices, which the fixture leaves out.
  const later = '20261123-220000-next' as RunId;
  await startRun(cloud.table, await readSchedule(cloud.table), newRun({ runId: later, x: 5 }), RUN);
  const work = await readWork(cloud.table, { recommendations: [] }, NOW);
  expect(work).toMatchObject({ backlog: 0, drained: RUN, schedule: { x: 5 } });
});
