import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { readRun, skipTicks, stopRun } from '../../../../../functions/core/ledger/runs.ts';
import type { RunId } from '../../../../../functions/core/model/ids.ts';
import { readTicksPage } from '../../../../../functions/core/schedule/tick-status.ts';
import { cloudWithRun, type InMemoryCloud } from '../../../../fixtures/in-memory-cloud.ts';
import { job, NOW, RUN } from '../../../../fixtures/ledger.ts';

const PERIOD = 300_000;

/** Claims ticks 1 to 9, of which 4 and 5 are missed. The last one has sent 20 of its 100 jobs. */
async function cloudWithTicks(): Promise<InMemoryCloud> {
  const cloud = await cloudWithRun();
  for (let tick = 1; tick <= 9; tick++) {
    if (tick === 4) {
      const run = await readRun(cloud.table, RUN);
      if (!run) throw new Error('no run is started');
      const missed = { count: 2, nextTick: 6, nextTickAt: NOW + 5 * PERIOD, reason: 'late' };
      await skipTicks(cloud.table, run, missed, NOW);
      tick = 6;
    }
    await cloud.claimTick({
      ...{ tick, dueAt: NOW + (tick - 1) * PERIOD, firstJob: job((tick - 1) * 100 + 1) },
      ...(tick === 9 && { claimed: 30, sent: 20 }),
    });
  }
  return cloud;
}

const page = async (cloud: InMemoryCloud, size: number, before?: number) => {
  const found = await readTicksPage(cloud.table, {
    runId: RUN,
    size,
    ...(before !== undefined && { before }),
  });
  return { ticks: found?.ticks.map(({ tick }) => tick), next: found?.next };
};

test('the ticks of a run are read page by page, the newest first, with one query a page', async () => {
  const cloud = await cloudWithTicks();
  expect(await page(cloud, 3)).toEqual({ ticks: [9, 8, 7], next: 7 });
  expect(cloud.calls.filter((call) => call instanceof QueryCommand)).toHaveLength(1);
  // Missed ticks are missing numbers.
  expect(await page(cloud, 3, 7)).toEqual({ ticks: [6, 3, 2], next: 2 });
  expect(await page(cloud, 3, 2)).toEqual({ ticks: [1], next: undefined });
  expect(await page(cloud, 3, 5)).toEqual({ ticks: [3, 2, 1], next: undefined });
  expect(await page(cloud, 3, 1)).toEqual({ ticks: [], next: undefined });
  expect(await page(cloud, 7)).toEqual({ ticks: [9, 8, 7, 6, 3, 2, 1], next: undefined });
});

test('a tick has its jobs, its times, and how far it is', async () => {
  const cloud = await cloudWithTicks();
  const newest = async () => (await readTicksPage(cloud.table, { runId: RUN, size: 2 }))?.ticks;
  const dueAt = new Date(NOW + 8 * PERIOD).toISOString();
  const tick = {
    tick: 9,
    dueAt,
    firstJob: 801,
    lastJob: 900,
    count: 100,
    enqueued: 30,
    sent: 20,
    spreadMs: 0,
  };
  expect(await newest()).toEqual([
    { ...tick, claimedAt: new Date(NOW).toISOString(), state: 'enqueuing' },
    expect.objectContaining({ tick: 8, enqueued: 100, sent: 100, state: 'enqueued' }),
  ]);
  await stopRun(cloud.table, RUN, NOW);
  // What is claimed will still be sent.
  expect((await newest())?.[0]?.state).toBe('enqueuing');
});

test('a tick that a stop has ended is stopped, and a run that does not exist has no ticks', async () => {
  const cloud = await cloudWithRun();
  await cloud.claimTick({ claimed: 30, sent: 30, items: { pass: 0, first: 0 } });
  const ticks = async () => (await readTicksPage(cloud.table, { runId: RUN, size: 1 }))?.ticks;
  expect(await ticks()).toMatchObject([{ state: 'enqueuing', items: { pass: 0, first: 0 } }]);
  await stopRun(cloud.table, RUN, NOW);
  expect(await ticks()).toMatchObject([{ state: 'stopped', enqueued: 30 }]);
  const other = '20261123-214512-aaaa' as RunId;
  expect(await readTicksPage(cloud.table, { runId: other, size: 1 })).toBeUndefined();
});
