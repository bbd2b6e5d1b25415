import { expect, test } from 'vitest';
import { tickRows } from '../../../../cli/runs/tick-rows.ts';
import { lasted, meanThroughput, rangeText } from '../../../../dashboard/page/src/runs/run-figures.ts';
import type { TickStatus } from '../../../../functions/core/schedule/tick-status.ts';
import { sampleStatus } from '../../cli/fixtures.ts';

const START = Date.parse('2026-11-23T21:45:12.000Z');
const stopped = { running: false, stoppedAt: '2026-11-23T21:45:22.000Z' };

test('a run lasts until now, or until it is stopped', () => {
  expect(lasted(sampleStatus(), START + 61_000)).toBe('1 min 1 s');
  expect(lasted(sampleStatus(stopped), START + 61_000)).toBe('10 s');
  expect(lasted(sampleStatus({ startedAt: null }), START)).toBe('');
});

test('the mean throughput of a run that is stopped counts until its last job', () => {
  expect(meanThroughput(sampleStatus(), START + 100_000)).toBe(15);
  // The last worker has counted at 21:46:21, after the stop.
  expect(meanThroughput(sampleStatus({ ...stopped, processed: 690 }), START + 1_000_000)).toBe(10);
  expect(meanThroughput(sampleStatus({ startedAt: null }), START)).toBeUndefined();
  expect(meanThroughput(sampleStatus(), START)).toBeUndefined();
});

test('a later page of ticks has no misses of the page before it', () => {
  const rows = (before: number, next?: number) =>
    tickRows({
      run: { lastMiss: { tick: 100, at: '', reason: '' } },
      ticks: [9, 6, 3].map((tick) => ({ tick }) as TickStatus),
      ...{ before, next },
    }).map((row) => ('tick' in row ? row.tick : rangeText(row.from, row.to, String)));
  expect(rows(10, 3)).toEqual([9, '7–8', 6, '4–5', 3]);
  expect(rows(12)).toEqual(['10–11', 9, '7–8', 6, '4–5', 3, '1–2']);
});
