import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLogLine } from '../../../cli/cloud/log-line.ts';
import { HOLD_MS, LogMerger } from '../../../cli/cloud/merge-logs.ts';

const START = Date.parse('2026-11-23T22:00:00Z');
const line = (at: number, text: string) => readLogLine('consumer', START + at, text);

/** Lines, each with its time and with the delay after which a reading finds it. */
const arrivals = (maxDelay: number) =>
  fc.array(fc.record({ at: fc.nat({ max: 60_000 }), delay: fc.nat({ max: maxDelay }) }), { maxLength: 60 });

/** Reads every `interval` ms what has arrived since. @returns the texts in the order in which they are released */
function follow(lines: { at: number; delay: number }[], interval: number, skew: number): number[][] {
  const merger = new LogMerger();
  const readings: number[][] = [];
  for (let now = 0; now <= 200_000; now += interval) {
    const found = lines.flatMap(({ at, delay }, index) =>
      at + delay <= now && at + delay > now - interval ? [line(at + skew, String(index))] : [],
    );
    merger.add(found, now);
    readings.push(merger.release(now).map(({ text }) => Number(text)));
  }
  readings.push(merger.flush().map(({ text }) => Number(text)));
  return readings;
}

const skews = fc.integer({ min: -600_000, max: 600_000 });

test('no line is lost or released twice, however late it arrives', () => {
  fc.assert(
    fc.property(arrivals(100_000), fc.integer({ min: 500, max: 5_000 }), skews, (lines, interval, skew) => {
      const released = follow(lines, interval, skew).flat();
      expect([...released].sort((a, b) => a - b)).toEqual(lines.map((_, index) => index));
    }),
  );
});

test('lines that arrive within the delay of each other are in the order of their times, whatever the clocks say', () => {
  const interval = 2_000;
  fc.assert(
    fc.property(arrivals(HOLD_MS - interval), skews, (lines, skew) => {
      const times = follow(lines, interval, skew)
        .flat()
        .map((index) => lines[index]?.at ?? 0);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }),
  );
});

test('a line waits no longer than the delay, and history does not wait', () => {
  const merger = new LogMerger();
  merger.add([line(0, 'old'), line(1, 'old, too'), line(60_000, 'new')], 0);
  expect(merger.release(0).map(({ text }) => text)).toEqual(['old', 'old, too']);
  merger.add([line(59_000, 'earlier')], HOLD_MS - 1);
  expect(merger.release(HOLD_MS - 1)).toEqual([]);
  expect(merger.release(HOLD_MS).map(({ text }) => text)).toEqual(['earlier', 'new']);
  merger.add([line(2, 'very late')], HOLD_MS + 1);
  expect(merger.release(2 * HOLD_MS + 1).map(({ text }) => text)).toEqual(['very late']);
});
