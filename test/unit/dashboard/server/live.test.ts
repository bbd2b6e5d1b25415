import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandError } from '../../../../cli/terminal/errors.ts';
import type { Batch, Batches, View } from '../../../../dashboard/protocol.ts';
import { MAX_BATCHES } from '../../../../dashboard/server/batches.ts';
import { Live } from '../../../../dashboard/server/live.ts';
import { NewestEvents } from '../../../../dashboard/server/newest-events.ts';
import { InventedCloud } from '../../../fixtures/invented-cloud.ts';

let cloud: InventedCloud;
let live: Live;

beforeEach(() => {
  cloud = new InventedCloud({ workers: 2, x: 1_000, y: 1, batchMs: 1_000, batchJobs: 10, deadLetters: 3 });
  live = new Live(cloud);
});

afterEach(() => live.close());

/** A page, with what it has received. */
function open(intervalSeconds: number) {
  const views: View[] = [];
  const batches: Batch[] = [];
  const leave = live.join({
    intervalSeconds,
    view: (view) => views.push(view),
    batches: (event) => batches.push(...event.batches),
  });
  return { views, batches, leave, last: () => views.at(-1) };
}

test('one poll serves all pages, at the smallest interval, and none is made without pages', async () => {
  const slow = open(60);
  await expect.poll(() => slow.last()?.status?.runId).toBeDefined();
  const fast = open(0.02);
  expect(fast.last()?.status).toBeDefined();
  await expect.poll(() => cloud.calls.status).toBeGreaterThan(5);
  expect(slow.last()?.polling).toMatchObject({ intervalSeconds: 0.02, viewers: 2 });
  expect(slow.last()).toBe(fast.last());
  fast.leave();
  // A poll may be on its way.
  await setTimeout(50);
  const { status } = cloud.calls;
  slow.leave();
  await setTimeout(50);
  expect(cloud.calls.status).toBe(status);
  const again = open(60);
  await expect.poll(() => cloud.calls.status).toBe(status + 1);
  expect(again.last()?.statusAt).toBeDefined();
});

test('polls never overlap, however often they are asked for', async () => {
  let running = 0;
  let most = 0;
  const answer = cloud.status.bind(cloud);
  cloud.status = async (...asked) => {
    // The invented cloud asks itself for the ticks of a run.
    if (asked[1] !== undefined) return answer(...asked);
    most = Math.max(most, ++running);
    await setTimeout(10);
    running--;
    return answer(...asked);
  };
  const pages = Array.from({ length: 10 }, () => open(0.005));
  for (let times = 0; times < 10; times++) {
    live.refresh();
    pages[times]?.leave();
    pages.push(open(0.005));
    await setTimeout(3);
  }
  await expect.poll(() => cloud.calls.status).toBeGreaterThan(5);
  expect(most).toBe(1);
});

test('while the cloud is gone the last values stay, and polls go on until it is back', async () => {
  const page = open(0.02);
  await expect.poll(() => page.last()?.status).toBeDefined();
  cloud.outage = new CommandError('not_running', 'The local cloud is not running.', 'npx drumline up');
  await expect.poll(() => page.last()?.problem).toMatchObject({ code: 'not_running' });
  const { problem, status } = page.last() as View;
  expect(page.last()).toMatchObject({ status, health: { state: 'broken', action: 'Run: npx drumline up' } });
  const polls = cloud.calls.status;
  await expect.poll(() => cloud.calls.status).toBeGreaterThan(polls + 3);
  expect(page.last()?.problem?.since).toBe(problem?.since);
  cloud.outage = undefined;
  await expect.poll(() => page.last()?.problem).toBeUndefined();
});

test('shows batches, the price, ticks and the last hour’s throughput', async () => {
  const page = open(0.05);
  await expect.poll(() => page.batches.length).toBeGreaterThan(100);
  await expect.poll(() => page.last()?.history.ticks.length).toBeGreaterThan(20);
  await expect.poll(() => page.last()?.cost?.total).toBeGreaterThan(0);
  const { history, polling } = page.last() as View;
  expect(polling.dollarsPerDay).toBeGreaterThan(0);
  // The invented workers do ten jobs a second each.
  expect(history.throughput.map((series) => series.at(-30))).toEqual([10, 10]);
  const late = open(60);
  expect(late.batches.length).toBeGreaterThanOrEqual(page.batches.length - 20);
});

test('a slow page receives only the newest view, and no batch is lost or kept without limit', async () => {
  const sent: [string, unknown][] = [];
  let take = () => {};
  const events = new NewestEvents((name, data) => {
    sent.push([name, data]);
    return new Promise((resolve) => {
      take = resolve;
    });
  });
  const next = async () => {
    take();
    await setTimeout();
    return sent.at(-1);
  };
  const batchesOf = (count: number) => Array.from({ length: count }, () => ({}) as Batch);
  for (let at = 1; at <= 100; at++) events.view({ at } as View);
  for (let times = 0; times < 3; times++) events.batches({ all: false, batches: batchesOf(2) });
  expect(await next()).toEqual(['view', { at: 100 }]);
  const [, merged] = (await next()) as [string, Batches];
  expect(merged.batches).toHaveLength(6);
  for (let times = 0; times < 3; times++) events.batches({ all: false, batches: batchesOf(MAX_BATCHES / 2) });
  expect(await next()).toEqual(['batches', { all: false, batches: batchesOf(MAX_BATCHES), truncated: true }]);
  expect(sent).toHaveLength(4);
});
