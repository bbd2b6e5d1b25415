import { expect, test } from 'vitest';
import {
  listRuns,
  type NewRun,
  newestRuns,
  type Run,
  readRun,
  readSchedule,
  runKey,
  type Schedule,
  skipTicks,
  startRun,
  stopRun,
  updateRun,
} from '../../functions/core/ledger/runs.ts';
import { type JobId, newRunId, type RunId } from '../../functions/core/model/ids.ts';
import { NOW, newRun, RUN, startedRun } from '../fixtures/ledger.ts';
import { describeBackEnds, makeTable } from './back-ends.ts';
import { describeWrite } from './conditional-write.ts';
import { SCHEDULE_KEY } from './writes.ts';

const OTHER = newRunId(NOW + 1_000);
const RUN_ITEM = `RUNS/RUN#${RUN}`;
const OTHER_ITEM = `RUNS/RUN#${OTHER}`;
const SCHEDULE_ITEM = 'SCHEDULE/SCHEDULE';

describeBackEnds((backEnd) => {
  describeWrite<Schedule>(backEnd, 'starting the first run', {
    arrange: readSchedule,
    act: (table, schedule) => startRun(table, schedule, newRun({ firstFreeJobId: 7 as JobId })),
    rival: (table, schedule) => startRun(table, schedule, newRun({ runId: OTHER })),
    writes: () => ({
      [RUN_ITEM]: {
        active: true,
        x: 100,
        y: 5,
        pace: 'burst',
        nextTick: 1,
        nextTickAt: NOW,
        tick: 0,
        enqueued: 0,
      },
      [SCHEDULE_ITEM]: { activeRunId: RUN, lastRunId: RUN, nextJobId: 7 },
    }),
    conflicts: {
      'a run has this id': { key: runKey(RUN), to: { active: false }, at: [0] },
      'another run was started': { key: SCHEDULE_KEY, to: { activeRunId: OTHER, nextJobId: 1 }, at: [1] },
      'jobIds were allocated': { key: SCHEDULE_KEY, to: { nextJobId: 101 }, at: [1] },
    },
  });

  describeWrite<Schedule>(backEnd, 'starting a run that replaces another', {
    arrange: async (table) => {
      await startedRun(table);
      return readSchedule(table);
    },
    act: (table, schedule) =>
      startRun(table, schedule, newRun({ runId: OTHER, startedAt: NOW + 1_000 }), RUN),
    rival: (table) => stopRun(table, RUN, NOW),
    writes: () => ({
      [RUN_ITEM]: { active: false, stoppedAt: NOW + 1_000 },
      [OTHER_ITEM]: { active: true },
      [SCHEDULE_ITEM]: { activeRunId: OTHER, lastRunId: OTHER },
    }),
    conflicts: {
      'a run has this id': { key: runKey(OTHER), to: { active: false }, at: [0] },
      'a third run replaced it': { key: SCHEDULE_KEY, to: { activeRunId: 'third' }, at: [1] },
      'no run is active any more': { key: SCHEDULE_KEY, to: { activeRunId: undefined }, at: [1] },
      'jobIds were allocated': { key: SCHEDULE_KEY, to: { nextJobId: 101 }, at: [1] },
      'the replaced run was stopped': { key: runKey(RUN), to: { active: false }, at: [2] },
    },
  });

  describeWrite<Run>(backEnd, 'stopping a run', {
    arrange: startedRun,
    act: (table) => stopRun(table, RUN, NOW + 1_000),
    writes: () => ({
      [RUN_ITEM]: { active: false, stoppedAt: NOW + 1_000 },
      [SCHEDULE_ITEM]: { activeRunId: undefined },
    }),
    conflicts: {
      'it was stopped': { key: runKey(RUN), to: { active: false }, at: [0] },
      'another run is active': { key: SCHEDULE_KEY, to: { activeRunId: OTHER }, at: [1] },
    },
  });

  describeWrite<Run>(backEnd, 'changing a run', {
    arrange: startedRun,
    act: (table, run) => updateRun(table, run, { x: 200, y: 1, pace: 'even' }, NOW),
    rival: (table, run) => updateRun(table, run, { x: 300 }, NOW),
    writes: () => ({ [RUN_ITEM]: { x: 200, y: 1, pace: 'even', nextTickAt: NOW } }),
    conflicts: {
      'it was stopped': { key: runKey(RUN), to: { active: false }, at: [0] },
      'a tick fired': { key: runKey(RUN), to: { nextTick: 2 }, at: [0] },
      'X was changed': { key: runKey(RUN), to: { x: 101 }, at: [0] },
      'Y was changed': { key: runKey(RUN), to: { y: 6 }, at: [0] },
      'the pace was changed': { key: runKey(RUN), to: { pace: 'even' }, at: [0] },
    },
  });

  describeWrite<Run>(backEnd, 'skipping missed ticks', {
    arrange: startedRun,
    act: (table, run) =>
      skipTicks(table, run, { count: 3, nextTick: 4, nextTickAt: NOW + 900_000, reason: 'late' }, NOW),
    writes: () => ({
      [RUN_ITEM]: {
        nextTick: 4,
        nextTickAt: NOW + 900_000,
        missedTicks: 3,
        lastMiss: { tick: 3, at: NOW, reason: 'late' },
      },
    }),
    conflicts: {
      'it was stopped': { key: runKey(RUN), to: { active: false }, at: [0] },
      'a tick fired': { key: runKey(RUN), to: { nextTick: 2 }, at: [0] },
      'the next tick is due at another time': { key: runKey(RUN), to: { nextTickAt: NOW + 1 }, at: [0] },
      'Y was changed': { key: runKey(RUN), to: { y: 6 }, at: [0] },
    },
  });

  test('runs are read as they were written, the newest first', async () => {
    const table = await makeTable(backEnd);
    const runIds: RunId[] = [];
    for (let at = 0; at < 3; at++) {
      const run: NewRun = newRun({ runId: newRunId(NOW + at * 1_000), x: at + 1 });
      await startRun(table, await readSchedule(table), run, runIds[0]);
      runIds.unshift(run.runId);
    }
    expect((await listRuns(table, 2)).map(({ runId, x, active }) => ({ runId, x, active }))).toEqual([
      { runId: runIds[0], x: 3, active: true },
      { runId: runIds[1], x: 2, active: false },
    ]);
    const earlier = [];
    for await (const { x } of newestRuns(table, 5, runIds[1])) earlier.push(x);
    expect(earlier).toEqual([1]);
    expect(await readRun(table, runIds[0] as RunId)).toMatchObject({
      runId: runIds[0],
      x: 3,
      missedTicks: 0,
    });
    expect(await readRun(table, RUN)).toBeUndefined();
    expect(await readSchedule(table)).toEqual({
      activeRunId: runIds[0],
      lastRunId: runIds[0],
      nextJobId: 1,
      openTicks: [],
    });
  });
});
