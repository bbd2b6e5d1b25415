import { expect, test } from 'vitest';
import { type Run, readRun, readSchedule, runKey, type Schedule } from '../../functions/core/ledger/runs.ts';
import type { Item, Key, Table } from '../../functions/core/ledger/table.ts';
import {
  claimSlice,
  claimTick,
  closeTick,
  type LeasedTick,
  leaseTick,
  listTicks,
  newestTicks,
  readTick,
  releaseTick,
  type TickLease,
} from '../../functions/core/ledger/ticks.ts';
import type { JobId } from '../../functions/core/model/ids.ts';
import { NOW, RUN, startedRun, tick } from '../fixtures/ledger.ts';
import { describeBackEnds, makeTable } from './back-ends.ts';
import { describeWrite } from './conditional-write.ts';
import { SCHEDULE_KEY } from './writes.ts';

const RUN_ITEM = `RUNS/RUN#${RUN}`;
const SCHEDULE_ITEM = 'SCHEDULE/SCHEDULE';
const TICK_KEY: Key = { pk: `RUN#${RUN}`, sk: 'TICK#000000001' };
const TICK_ITEM = `${TICK_KEY.pk}/${TICK_KEY.sk}`;

const PERIOD = 300_000;
const mine: TickLease = { holder: 'mine', until: NOW + 60_000 };
const theirs: TickLease = { holder: 'theirs', until: NOW + 60_000 };

/** The run's next tick, claimed and not enqueued. */
function nextTick({ nextTick, nextTickAt, x }: Run, firstJob: JobId, lease: TickLease = mine): LeasedTick {
  return { ...tick({ tick: nextTick, firstJob, count: x as number, dueAt: nextTickAt }), lease };
}

const claim = (table: Table, { schedule, run }: { schedule: Schedule; run: Run }, lease?: TickLease) =>
  claimTick(table, schedule, run, nextTick(run, schedule.nextJobId, lease), run.nextTickAt + PERIOD);

/** The first tick: 40 jobs are claimed, and the first 20 are marked as sent. */
async function partlyEnqueued(table: Table): Promise<LeasedTick> {
  await claim(table, { run: await startedRun(table), schedule: await readSchedule(table) });
  for (const slice of [
    { from: 0, to: 20 },
    { from: 20, to: 40 },
  ])
    await claimSlice(table, (await readTick(table, RUN, 1)) as LeasedTick, {
      slice,
      at: NOW,
      leaseUntil: mine.until,
    });
  return (await readTick(table, RUN, 1)) as LeasedTick;
}

const progressed = (at: number[]): Record<string, { key: Key; to: Item; at: number[] }> => ({
  'more jobs are claimed': { key: TICK_KEY, to: { claimed: 60 }, at },
  'more jobs are sent': { key: TICK_KEY, to: { sent: 40 }, at },
});
const takenOver = (at: number[]) => ({
  'another scheduler holds its lease': { key: TICK_KEY, to: { holder: 'theirs' }, at },
  ...progressed(at),
});

describeBackEnds((backEnd) => {
  describeWrite<{ schedule: Schedule; run: Run }>(backEnd, 'claiming a tick', {
    arrange: async (table) => ({ run: await startedRun(table), schedule: await readSchedule(table) }),
    act: (table, read) => claim(table, read),
    rival: (table, read) => claim(table, read, theirs),
    writes: () => ({
      [TICK_ITEM]: {
        tick: 1,
        firstJob: 1,
        count: 100,
        claimed: 0,
        sent: 0,
        holder: 'mine',
        leaseUntil: mine.until,
      },
      [RUN_ITEM]: { tick: 1, nextTick: 2, nextTickAt: NOW + PERIOD, lastTickDueAt: NOW, lastTickAt: NOW },
      [SCHEDULE_ITEM]: { nextJobId: 101, openTicks: new Set([`${RUN}#1`]) },
    }),
    conflicts: {
      'it is claimed': { key: TICK_KEY, to: { tick: 1 }, at: [0] },
      'the run was stopped': { key: runKey(RUN), to: { active: false }, at: [1] },
      'a later tick is the next': { key: runKey(RUN), to: { nextTick: 2 }, at: [1] },
      'it is due at another time': { key: runKey(RUN), to: { nextTickAt: NOW + 1 }, at: [1] },
      'X was changed': { key: runKey(RUN), to: { x: 101 }, at: [1] },
      'Y was changed': { key: runKey(RUN), to: { y: 6 }, at: [1] },
      'the pace was changed': { key: runKey(RUN), to: { pace: 'even' }, at: [1] },
      'jobIds were allocated': { key: SCHEDULE_KEY, to: { nextJobId: 11 }, at: [2] },
      'another run is active': { key: SCHEDULE_KEY, to: { activeRunId: 'other' }, at: [2] },
      'no run is active': { key: SCHEDULE_KEY, to: { activeRunId: undefined }, at: [2] },
    },
  });

  describeWrite<LeasedTick>(backEnd, 'taking over a tick', {
    arrange: partlyEnqueued,
    act: (table, tick) => leaseTick(table, tick, { holder: 'new', until: NOW + 120_000 }, mine.until),
    rival: (table, tick) => leaseTick(table, tick, { holder: 'newer', until: NOW + 120_000 }, mine.until),
    writes: () => ({ [TICK_ITEM]: { holder: 'new', leaseUntil: NOW + 120_000, claimed: 40, sent: 20 } }),
    conflicts: {
      'its lease was renewed': { key: TICK_KEY, to: { leaseUntil: mine.until + 1 }, at: [0] },
      ...progressed([0]),
    },
  });

  describeWrite<LeasedTick>(backEnd, 'claiming a slice', {
    arrange: partlyEnqueued,
    act: (table, tick) =>
      claimSlice(table, tick, { slice: { from: 40, to: 60 }, at: NOW + 30_000, leaseUntil: NOW + 90_000 }),
    writes: () => ({
      [RUN_ITEM]: { enqueued: 60 },
      [TICK_ITEM]: { claimed: 60, sent: 40, sliceClaimedAt: NOW + 30_000, leaseUntil: NOW + 90_000 },
    }),
    conflicts: {
      'the run was stopped': { key: runKey(RUN), to: { active: false }, at: [0] },
      ...takenOver([1]),
    },
  });

  describeWrite<LeasedTick>(backEnd, 'releasing a tick', {
    arrange: partlyEnqueued,
    act: releaseTick,
    writes: () => ({ [TICK_ITEM]: { claimed: 40, sent: 40, leaseUntil: 0 } }),
    conflicts: takenOver([0]),
  });

  describeWrite<LeasedTick>(backEnd, 'closing a tick', {
    arrange: partlyEnqueued,
    act: closeTick,
    writes: () => ({
      [TICK_ITEM]: { claimed: 40, sent: 40, leaseUntil: 0 },
      [SCHEDULE_ITEM]: { openTicks: undefined },
    }),
    conflicts: takenOver([0]),
  });

  test('a lease can be renewed by its holder, and taken over by another scheduler after its end', async () => {
    const table = await makeTable(backEnd);
    const tick = await partlyEnqueued(table);
    await leaseTick(table, tick, { holder: 'mine', until: NOW + 90_000 }, NOW);
    expect((await readTick(table, RUN, 1))?.lease).toEqual({ holder: 'mine', until: NOW + 90_000 });
    await expect(leaseTick(table, tick, theirs, NOW + 89_999)).rejects.toThrow('has changed');
    await leaseTick(table, tick, theirs, NOW + 90_000);
    expect((await readTick(table, RUN, 1))?.lease).toEqual(theirs);
  });

  test('ticks are read as they were written, in order', async () => {
    const table = await makeTable(backEnd);
    await startedRun(table);
    for (let tick = 1; tick <= 11; tick++)
      await claim(table, { run: (await readRun(table, RUN)) as Run, schedule: await readSchedule(table) });
    const found = [];
    for await (const { tick, firstJob, dueAt } of listTicks(table, RUN))
      found.push({ tick, firstJob, dueAt });
    expect(found).toEqual(
      Array.from({ length: 11 }, (_, at) => ({
        tick: at + 1,
        firstJob: at * 100 + 1,
        dueAt: NOW + at * PERIOD,
      })),
    );
    const newest = async (limit: number, before?: number) => {
      const ticks = [];
      for await (const { tick } of newestTicks(table, RUN, limit, before)) ticks.push(tick);
      return ticks;
    };
    expect(await newest(3)).toEqual([11, 10, 9]);
    expect(await newest(3, 9)).toEqual([8, 7, 6]);
    expect(await newest(3, 3)).toEqual([2, 1]);
    // A page may begin at a number that no tick has.
    expect(await newest(2, 500)).toEqual([11, 10]);
    expect(await newest(2, 1)).toEqual([]);
    const { openTicks, nextJobId } = await readSchedule(table);
    expect(openTicks.map(({ tick }) => tick).sort((a, b) => a - b)).toEqual(found.map(({ tick }) => tick));
    expect(nextJobId).toBe(1101);
    expect(await readTick(table, RUN, 12)).toBeUndefined();
  });
});
