import { expect, test } from 'vitest';
import {
  axisEnd,
  durationDecades,
  spanOf,
  spansDecades,
  stacked,
  timeWindow,
  valuesIn,
} from '../../../../dashboard/page/src/charts/series.ts';
import { shownHealth, staleText, titleOf } from '../../../../dashboard/page/src/live/shown-health.ts';
import { tickProgress } from '../../../../dashboard/page/src/overview/tick-progress.ts';
import { splitCommands } from '../../../../dashboard/page/src/text/commands.ts';
import {
  dollars,
  roughly,
  shortDuration,
  shortWorker,
  throughput,
} from '../../../../dashboard/page/src/text/numbers.ts';
import type { History, View } from '../../../../dashboard/protocol.ts';
import type { Status } from '../../../../functions/status.ts';
import { CONDITIONS } from '../../../../infra-cdk/settings/conditions.ts';

test('numbers are said in units that suit them', () => {
  for (const [said, expected] of [
    [throughput(160), '160 jobs/s'],
    [throughput(1_234.4), '1,234 jobs/s'],
    [throughput(0.525), '31.5 jobs/min'],
    [throughput(0), '0 jobs/s'],
    [throughput(0.1, 20), '0.1 jobs/s'],
    [dollars(0.42), '$0.42'],
    [dollars(0.004), '< $0.01'],
    [dollars(0), '$0.00'],
    [dollars(1_234.5), '$1,235'],
    [roughly(1_000), '5 s'],
    [roughly(41_000), '45 s'],
    [roughly(51_000), '1 min'],
    [roughly(121_000), '3 min'],
    [roughly(7_800_000), '2 h 10 min'],
    [roughly(360_000_000), '4 d 4 h'],
    [shortDuration(0), '0'],
    [shortDuration(200), '200 ms'],
    [shortDuration(1_500), '1.5 s'],
    [shortDuration(5_400_000), '1.5 h'],
    [shortWorker('worker-0001'), 'worker-0001'],
    [shortWorker('0123456789abcdef0123456789abcdef'), '0123456…89abcdef'],
  ])
    expect(said).toBe(expected);
});

test('commands in a sentence can be copied, with the options of the target', () => {
  const commandsIn = (text: string, options = '') =>
    splitCommands(text, options)
      .filter(({ isCommand }) => isCommand)
      .map(({ text: command }) => command);
  expect(commandsIn(CONDITIONS['dead-letters'].action, '--stage demo')).toEqual([
    'npx drumline dead-letters list --stage demo',
    'npx drumline dead-letters retry --all --stage demo',
  ]);
  expect(commandsIn(CONDITIONS.overdue.action)).toEqual([
    'npx drumline logs consumer --since 10m',
    'npx drumline scale 1:20',
    'npx drumline scale N',
    'npx drumline update --x N',
  ]);
  expect(commandsIn(CONDITIONS['consumer-throttles'].action, '--target aws --stage demo')).toEqual([
    'npx drumline scale N --target aws --stage demo',
    'npx drumline doctor --target aws --stage demo',
  ]);
  expect(commandsIn('drumline plan calculates how long a batch takes.')).toEqual(['npx drumline plan']);
  expect(commandsIn('Start it again: npx drumline dashboard')).toEqual(['npx drumline dashboard']);
  const parts = splitCommands('Use drumline status. Then wait.', '');
  expect(parts.map(({ text }) => text)).toEqual(['Use ', 'npx drumline status', '. Then wait.']);
});

const NOW = Date.parse('2026-11-25T12:01:00Z');

function statusWith(fields: Partial<Status>): Status {
  const base = {
    x: 100,
    y: 2,
    pace: 'burst',
    tick: 3,
    firedTicks: 3,
    enqueued: 300,
    processed: 200,
    failed: 0,
  };
  const times = { lastTickAt: '2026-11-25T12:00:00Z', nextTickAt: '2026-11-25T12:02:00Z', runId: 'r' };
  return { ...base, ...times, ...fields } as Status;
}

test('the progress of a tick follows from the totals', () => {
  for (const [fields, expected] of [
    [{}, { jobs: 100, done: 0, earlier: 0 }],
    [
      { processed: 230, failed: 10 },
      { jobs: 100, done: 40, earlier: 0 },
    ],
    [{ processed: 300 }, { jobs: 100, done: 100, earlier: 0 }],
    [{ processed: 150 }, { jobs: 100, done: 0, earlier: 50 }],
    // The first tick is being enqueued.
    [
      { tick: 1, firedTicks: 1, enqueued: 40, processed: 10 },
      { jobs: 100, done: 10, earlier: 0 },
    ],
    // Half of the time of an even tick has passed.
    [
      { pace: 'even', enqueued: 250, processed: 240 },
      { jobs: 100, done: 40, earlier: 0 },
    ],
    [{ tick: 0, firedTicks: 0, enqueued: 0, processed: 0 }, undefined],
    [{ x: 'all' }, undefined],
  ] as [Partial<Status>, object | undefined][]) {
    const progress = tickProgress(statusWith(fields), [], NOW);
    if (expected === undefined) expect(progress, JSON.stringify(fields)).toBeUndefined();
    else expect(progress, JSON.stringify(fields)).toMatchObject(expected);
  }
  const ticks = [{ tick: 3, at: NOW, jobs: 50 }];
  expect(tickProgress(statusWith({ x: 'all', processed: 260 }), ticks, NOW)).toMatchObject({
    jobs: 50,
    done: 10,
  });
});

function historyOf(waiting: (number | null)[]): History {
  return { from: 0, bucketMs: 10_000, waiting, throughput: [] as History['throughput'] } as History;
}

test('a window has the middle of each bucket, and of the elapsed part of the last one', () => {
  const history = historyOf(Array(360).fill(null));
  const window = timeWindow(history, 3_594_000, 60_000);
  expect(window).toMatchObject({ from: 3_534_000, to: 3_594_000, first: 352 });
  expect(window.times.at(0)).toBe(3_525_000);
  expect(window.times.at(-2)).toBe(3_585_000);
  expect(window.times.at(-1)).toBe(3_592_000);
});

test('gaps of up to a minute are bridged, longer ones stay gaps', () => {
  const window = { first: 1, times: [], from: 0, to: 0 };
  expect(valuesIn([9, 10, null, 30, null], window, 10_000)).toEqual([10, 20, 30, null]);
  const long = [0, 1, ...Array(7).fill(null), 2];
  expect(valuesIn(long, window, 10_000)).toEqual(long.slice(1));
});

test('axes end at round numbers, and are logarithmic if values differ a lot', () => {
  expect(
    stacked([
      [1, null, null],
      [2, 3, null],
    ]),
  ).toEqual([
    [1, null, null],
    [3, 3, null],
  ]);
  expect([0, 1, 96, 97, 160, 1_190].map(axisEnd)).toEqual([1, 1.2, 100, 120, 200, 1_500]);
  expect(spansDecades([1, null, 100])).toBe(false);
  expect(spansDecades([0, 1, 101])).toBe(true);
  expect(durationDecades([20, 5_000])).toEqual([10, 100, 1_000, 10_000]);
});

test('the time span is the asked one, or suits the data', () => {
  const young = historyOf([...Array(350).fill(null), ...Array(10).fill(1)]);
  expect(spanOf(undefined, young)).toBe(5);
  expect(spanOf('60', young)).toBe(60);
  expect(spanOf('61', young)).toBe(5);
  expect(spanOf(undefined, historyOf(Array(360).fill(1)))).toBe(15);
  expect(spanOf(undefined, { ...young, throughput: [Array(360).fill(1)] })).toBe(15);
});

test('the title and the first sentence say the state', () => {
  const view = {
    at: NOW,
    statusAt: NOW,
    status: statusWith({}),
    health: { state: 'healthy', sentence: 'All is well.' },
    warnings: [],
  } as unknown as View;
  const live = { view, lost: false, paused: false };
  expect(titleOf(live)).toBe('● 100 left – Drumline');
  expect(staleText(live)).toBeUndefined();
  expect(titleOf({ ...live, view: undefined })).toBe('… Loading – Drumline');
  expect(titleOf({ ...live, paused: true })).toBe('❚❚ Paused – Drumline');
  expect(staleText({ ...live, paused: true })).toMatch(/^Paused\. The numbers are as of \d\d:\d\d:\d\d\.$/);
  expect(titleOf({ ...live, lost: true })).toBe('✕ No server – Drumline');
  expect(shownHealth({ ...live, lost: true })).toMatchObject({
    state: 'broken',
    action: 'Start it again: npx drumline dashboard',
  });
});
