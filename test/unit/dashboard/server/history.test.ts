import { expect, test } from 'vitest';
import { BUCKET_MS, BUCKETS, FigureHistory } from '../../../../dashboard/server/history.ts';
import type { BatchFigures } from '../../../../dashboard/server/line-figures.ts';
import type { Status } from '../../../../functions/status.ts';

/** The start of a bucket. */
const NOW = 1_800_000_000_000;

interface Reading {
  /** Seconds after `NOW`. */
  at: number;
  run?: string;
  /** Seconds after `NOW`. */
  startedAt?: number;
  /** Jobs by worker. */
  workers: Record<string, number>;
  retired?: number;
  waiting?: number;
}

function statusOf({ run = 'r1', startedAt = -7_200, workers, retired = 0, waiting = 0 }: Reading): Status {
  const processed = Object.values(workers).reduce((sum, jobs) => sum + jobs, retired);
  return {
    ...{ running: true, runId: run, x: 100, tick: 1, enqueued: processed + waiting, processed, failed: 0 },
    startedAt: new Date(NOW + startedAt * 1_000).toISOString(),
    lastTickAt: new Date(NOW + startedAt * 1_000).toISOString(),
    ...{ oldestPendingAt: null, concurrency: 2, scaling: { change: null } },
    workers: Object.entries(workers).map(([id, jobs]) => ({ id, processed: jobs, lastSeenAt: '' })),
    retiredWorkers: { count: 0, processed: retired },
  } as unknown as Status;
}

function historyOf(readings: readonly Reading[]): FigureHistory {
  const history = new FigureHistory();
  for (const reading of readings) history.addStatus(statusOf(reading), NOW + reading.at * 1_000);
  return history;
}

/** Throughput of all workers in the buckets from `NOW` on, in jobs per second. */
function ratesOf(history: FigureHistory, buckets: number): (number | null)[] {
  const { throughput, from } = history.at(NOW + buckets * BUCKET_MS);
  const first = (NOW - from) / BUCKET_MS;
  return Array.from({ length: buckets }, (_, index) => {
    const values = throughput.map((series) => series[first + index] ?? null);
    return values.every((value) => value === null)
      ? null
      : Math.round(values.reduce<number>((sum, value) => sum + (value ?? 0), 0) * 10) / 10;
  });
}

const minute = Array<number>(6).fill(10);

test.each<[string, Reading[], (number | null)[]]>([
  ['every second', Array.from({ length: 61 }, (_, at) => ({ at, workers: { a: at * 10 } })), minute],
  [
    'every minute: without a spike',
    [
      { at: 0, workers: { a: 0 } },
      { at: 60, workers: { a: 600 } },
    ],
    minute,
  ],
  [
    'a worker that comes, and one that pauses',
    [
      { at: 0, workers: { a: 500 } },
      { at: 30, workers: { a: 800 } },
      { at: 60, workers: { a: 800, b: 300 } },
    ],
    minute,
  ],
  [
    'a counter that another worker has taken over',
    [
      { at: 0, workers: { a: 5_000 } },
      { at: 60, workers: { b: 600 }, retired: 5_000 },
    ],
    minute,
  ],
  [
    'a new run that began in between',
    [
      { at: 0, workers: { a: 90_000 } },
      { at: 30, workers: { a: 90_000 } },
      { at: 60, run: 'r2', startedAt: 40, workers: { a: 200 } },
    ],
    [0, 0, 0, 0, 10, 10],
  ],
  ['one reading only', [{ at: 30, workers: { a: 90_000 } }], Array<null>(6).fill(null)],
])('throughput from counters: %s', (_name, readings, expected) => {
  const rates = ratesOf(historyOf(readings), expected.length);
  expect(rates.map((rate) => (expected[0] === null ? rate : (rate ?? 0)))).toEqual(expected);
});

function batch(worker: string, from: number, to: number, processed: number): BatchFigures {
  const at = { from: NOW + from * 1_000, to: NOW + to * 1_000 };
  return { worker, ...at, processed, failed: 0, jobs: processed, waitMs: processed, runMs: 50 };
}

test('throughput from log lines while no page was open, and each job once', () => {
  const history = historyOf([
    { at: 0, workers: { a: 0 } },
    { at: 10, workers: { a: 100 } },
    { at: 190, workers: { a: 400 } },
    { at: 200, workers: { a: 500 } },
  ]);
  history.addBatches(
    [batch('a', 0, 10, 100), batch('a', 20, 50, 300), batch('a', 190, 200, 100)],
    NOW + 200_000,
  );
  const rates = ratesOf(history, 20);
  expect(rates.slice(0, 5)).toEqual([10, rates[1], 10, 10, 10]);
  expect(rates[19]).toBe(10);
  expect(rates.reduce<number>((sum, rate) => sum + (rate ?? 0), 0) * 10).toBeCloseTo(500);
});

test('wait and run times are means, weighted by jobs', () => {
  const history = historyOf([{ at: 0, workers: {} }]);
  history.addBatches([batch('a', 1, 5, 300), batch('b', 1, 6, 100)], NOW + 10_000);
  const { waitMs, runMs } = history.at(NOW + 10_000);
  expect([waitMs, runMs].map((values) => values.filter((value) => value !== null))).toEqual([[250], [50]]);
});

test('workers keep their places', () => {
  const names = 'abcdefghij'.split('');
  const equal = (at: number, factor = (_name: string) => 1) => ({
    at,
    workers: Object.fromEntries(names.map((name) => [name, at * 10 * factor(name)])),
  });
  const history = historyOf([equal(1), equal(10)]);
  const first = history.at(NOW + 10_000);
  expect(first).toMatchObject({ workers: names.slice(0, 8), others: 2 });
  expect(first.throughput).toHaveLength(9);
  history.addStatus(statusOf(equal(20, (name) => (name === 'j' ? 1.1 : 1))), NOW + 20_000);
  expect(history.at(NOW + 20_000).workers).toEqual(first.workers);
  history.addStatus(statusOf(equal(30, (name) => (name === 'j' ? 3 : 1))), NOW + 30_000);
  const { workers } = history.at(NOW + 30_000);
  expect(workers).toContain('j');
  expect(workers.filter((worker, place) => worker === first.workers[place])).toHaveLength(7);
});

test('waiting jobs are those of the run that the status shows', () => {
  const history = historyOf([
    { at: 5, workers: {}, waiting: 700 },
    { at: 15, workers: {}, waiting: 700 },
    { at: 35, run: 'r2', startedAt: 31, workers: {}, waiting: 20 },
  ]);
  const { waiting } = history.at(NOW + 35_000);
  expect(waiting.filter((value) => value !== null)).toEqual([20]);
});

test('the autoscaler’s gauges and decisions fill the past; a status says more', () => {
  const history = historyOf([{ at: 0, workers: {}, waiting: 1 }]);
  const minutesAgo = (minutes: number) => NOW - minutes * 60_000;
  history.addGauges(
    [3, 2, 1].map((minutes) => ({ at: minutesAgo(minutes), waiting: minutes * 100, concurrency: 4 })),
    NOW,
  );
  const { waiting, concurrency } = history.at(NOW);
  expect(waiting.slice(-19)).toEqual(
    [300, 283, 267, 250, 233, 217, 200, 183, 167, 150, 133, 117, 100].concat([
      null,
      null,
      null,
      null,
      null,
      1,
    ] as never),
  );
  expect(concurrency.at(-19)).toBe(4);
  const decision = { at: minutesAgo(2), from: 2, to: 4, reason: 'More jobs.' };
  for (let times = 0; times < 2; times++) history.addDecision(decision);
  history.addDecision({ ...decision, at: minutesAgo(1), from: 4 });
  history.addDecision({ ...decision, at: minutesAgo(80) });
  expect(history.at(NOW).decisions).toEqual([decision]);
});

test('forgets what is older than an hour', () => {
  const history = historyOf([
    { at: 0, workers: { a: 0 } },
    { at: 10, workers: { a: 100 } },
  ]);
  const later = history.at(NOW + BUCKETS * BUCKET_MS + 20_000);
  expect(later).toMatchObject({ workers: [], others: 0, throughput: [] });
  expect(later.waiting.every((value) => value === null)).toBe(true);
});
