import { expect, test } from 'vitest';
import { BATCHES_KEPT_MS, BatchHistory } from '../../../../dashboard/page/src/live/batch-history.ts';
import {
  boxHeight,
  forEachBar,
  type LaneFigures,
  laneHeight,
  lanesOf,
  placeAfter,
  placeAt,
  scalingsOf,
  scalingText,
  sumsOf,
  timesOf,
} from '../../../../dashboard/page/src/overview/lanes-layout.ts';
import type { History } from '../../../../dashboard/protocol.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

/** A batch that ended some seconds ago. */
function batch(worker: string, endedSecondsAgo: number, seconds = 2, failed = 0) {
  const to = NOW - endedSecondsAgo * 1_000;
  return { worker, from: to - seconds * 1_000, to, processed: 80, failed, tick: 3 };
}

function known(...batches: ReturnType<typeof batch>[]) {
  const history = new BatchHistory();
  history.add({ all: true, batches });
  return history.workers();
}

function lanes(workers: LaneFigures['known'], more: Partial<LaneFigures> = {}) {
  const figures = { counted: [], series: ['b'], allowed: undefined, pending: true, intervalMs: 2_000 };
  return lanesOf({ now: NOW, windowMs: 5 * MINUTE, known: workers, ...figures, ...more });
}

test('batches are kept in order, by the worker that was seen first, for some minutes', () => {
  const history = new BatchHistory();
  history.add({ all: true, batches: [batch('b', 10), batch('a', 5), batch('a', 30), batch('a', 20)] });
  const [first, second] = history.workers();
  expect([first?.worker, second?.worker]).toEqual(['a', 'b']);
  expect(first?.to).toEqual([30, 20, 5].map((ago) => NOW - ago * 1_000));
  const later = { ...batch('c', 0), to: NOW + BATCHES_KEPT_MS - 10_000 };
  history.add({ all: false, batches: [later] });
  expect(history.workers().map(({ worker, to }) => [worker, to.length])).toEqual([
    ['a', 1],
    ['c', 1],
  ]);
  history.add({ all: true, batches: [batch('d', 1)], truncated: true });
  expect(history.workers().map(({ worker }) => worker)).toEqual(['d']);
  expect(history.truncated).toBe(true);
});

test('a worker is busy, idle or gone, and the gone ones are last and then dropped', () => {
  const states = (...parameters: Parameters<typeof lanes>) =>
    lanes(...parameters).map(({ worker, state }) => `${worker} ${state}`);
  const workers = known(batch('a', 90), batch('b', 60), batch('c', 1), batch('d', 0));
  expect(states(workers)).toEqual(['a idle', 'b idle', 'c busy', 'd busy']);
  expect(states(workers, { pending: false })).toEqual(['a idle', 'b idle', 'c idle', 'd idle']);
  expect(states(workers, { allowed: 2 })).toEqual(['c busy', 'd busy', 'a gone', 'b gone']);
  expect(states(workers, { allowed: 2, windowMs: 80_000 })).toEqual(['c busy', 'd busy', 'b gone']);
  // A long batch gives no sign until it ends.
  expect(states(known(batch('a', 50, 30)))).toEqual(['a busy']);
  const counted = [{ id: 'x', lastSeenAt: new Date(NOW).toISOString() }];
  expect(states(known(batch('a', 50)), { counted })).toEqual(['a idle', 'x busy']);
});

test('a lane has the colour of the worker’s series, and the throughput of late', () => {
  const shown = lanes(known(batch('b', 12), batch('b', 10), batch('a', 4), batch('a', 2)));
  expect(shown.map(({ worker, state, series }) => [worker, state, series])).toEqual([
    ['b', 'idle', 0],
    ['a', 'busy', -1],
  ]);
  // Until now for an idle worker, until the end of the last batch for a busy one.
  expect(shown.map(({ jobsPerSecond }) => jobsPerSecond)).toEqual([160 / 14, 160 / 4]);
});

test('sums count what is in the time, and idle time as idle', () => {
  const [a] = known(batch('a', 100), batch('a', 8), batch('a', 0, 4, 2));
  expect(a && sumsOf(a, NOW - 12_000, NOW)).toEqual({ batches: 2, processed: 160, failed: 2, busy: 0.5 });
});

test('lanes become narrower with their number', () => {
  for (const [count, height, box] of [
    [1, 20, 80],
    [16, 20, 320],
    [17, 8, 136],
    [100, 8, 360],
    [1_000, 3, 360],
  ] as const)
    expect([laneHeight(count), boxHeight(count)], `${count} lanes`).toEqual([height, box]);
});

const AXIS = { from: NOW - 100_000, to: NOW, width: 1_000 };

test('bars are cut at the edges, and narrow ones without idle time between them are one', () => {
  const barsOf = (...batches: ReturnType<typeof batch>[]) => {
    const [worker] = known(...batches);
    const bars: [number, number, boolean][] = [];
    if (worker) forEachBar(worker, AXIS, (...bar) => bars.push(bar));
    return bars;
  };
  expect(barsOf(batch('a', 99, 10), batch('a', 50, 10, 1))).toEqual([
    [0, 10, false],
    [400, 500, true],
  ]);
  expect(barsOf(batch('a', 10.2, 0.1), batch('a', 10.1, 0.1, 1), batch('a', 10, 0.1))).toEqual([
    [expect.closeTo(897), 900, true],
  ]);
  expect(barsOf(batch('a', 12, 0.1), batch('a', 10, 0.1))).toHaveLength(2);
});

test('pointer and arrow keys find batches', () => {
  const shown = lanes(known(batch('a', 50, 10), batch('a', 20, 10), batch('b', 15, 10)));
  for (const [x, y, place] of [
    [450, 5, { lane: 0, batch: 0 }],
    [503, 5, { lane: 0, batch: 0 }],
    [600, 5, undefined],
    [800, 25, { lane: 1, batch: 0 }],
    [800, 45, undefined],
    [-5, 5, undefined],
  ] as const)
    expect(placeAt(shown, AXIS, x, y), `${x}, ${y}`).toEqual(place);
  let place = placeAfter(shown, AXIS, undefined, 'ArrowLeft');
  const visited = ['ArrowLeft', 'ArrowLeft', 'End', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'Home'].map(
    (key) => {
      place = placeAfter(shown, AXIS, place, key);
      return `${place?.lane} ${place?.batch}`;
    },
  );
  expect(visited).toEqual(['0 0', '0 0', '0 1', '1 0', '1 0', '0 1', '0 0']);
  expect(placeAfter([], AXIS, undefined, 'ArrowDown')).toBeUndefined();
});

test('changes of the number of workers are decisions, and what else changed it', () => {
  const history = {
    ...{ from: NOW - 60_000, bucketMs: 10_000, concurrency: [null, 2, 2, 4, 4, 3] },
    decisions: [
      { at: NOW - 35_000, from: 2, to: 4, reason: 'backlog' },
      { at: NOW - 5_000, from: 3, to: 9, reason: 'backlog', problem: 'refused' },
    ],
  } as unknown as History;
  expect(scalingsOf(history).map(scalingText)).toEqual(['2 → 4 workers', '4 → 3 workers']);
  expect(scalingText({ at: NOW, from: null, to: 1 })).toBe('no limit → 1 worker');
});

test('the axis has round times', () => {
  expect(timesOf(AXIS).map((at) => (at - NOW) / 1_000)).toEqual([
    -100, -90, -80, -70, -60, -50, -40, -30, -20, -10, 0,
  ]);
  expect(timesOf({ ...AXIS, width: 300 })).toHaveLength(4);
});
