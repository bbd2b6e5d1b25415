import { expect, test } from 'vitest';
import {
  ago,
  bar,
  count,
  counted,
  dueIn,
  elapsed,
  percent,
  printable,
  rate,
  sentence,
} from '../../../cli/terminal/format.ts';

test('numbers', () => {
  expect([count(0), count(12_345), counted(1, 'job'), counted(1_000, 'job')]).toEqual([
    ...['0', '12,345', '1 job', '1,000 jobs'],
  ]);
  expect([percent(0.4871), percent(1), rate(null), rate(10_240)]).toEqual([
    ...['48.7 %', '100.0 %', '–', '10,240 jobs/min'],
  ]);
  expect([bar(0, 4), bar(0.5, 4), bar(1, 4), bar(7, 4)]).toEqual(['░░░░', '██░░', '████', '████']);
});

test('elapsed time', () => {
  for (const [ms, text] of [
    [-5, '0.0 s'],
    [449, '0.4 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min 0 s'],
    [125_000, '2 min 5 s'],
    [3_599_499, '59 min 59 s'],
    [3_600_000, '1 h 0 min'],
    [11_520_000, '3 h 12 min'],
    [100 * 3_600_000, '4 d 4 h'],
  ] as const)
    expect(elapsed(ms)).toBe(text);
});

test('times relative to now', () => {
  const now = Date.parse('2026-11-23T22:00:00Z');
  const at = (ms: number) => new Date(now + ms).toISOString();
  for (const [ms, text] of [
    [-70_000, 'is due'],
    [0, 'is due'],
    [499, 'is due'],
    [3_000, 'in 3 s'],
    [34_000, 'in 34 s'],
    [90_000, 'in 1 min 30 s'],
  ] as const)
    expect(dueIn(at(ms), now)).toBe(text);
  for (const [ms, text] of [
    [0, 'now'],
    [-1_999, 'now'],
    [-5_000, '5 s ago'],
    [-71_000, '1 min 11 s ago'],
    // The cloud's clock is ahead.
    [4_000, 'now'],
  ] as const)
    expect(ago(at(ms), now)).toBe(text);
});

test('messages become sentences, and harmless text stays as it is', () => {
  expect([sentence('no run'), sentence('Really?'), sentence('a (b)')]).toEqual([
    'No run.',
    'Really?',
    'A (b)',
  ]);
  expect(printable('Grüße — 3 × “ok” ✔')).toBe('Grüße — 3 × “ok” ✔');
});
