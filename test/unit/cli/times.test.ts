import { describe, expect, test } from 'vitest';
import { duration } from '../../../cli/terminal/options.ts';
import { ago, dueIn, elapsed } from '../../../text/format.ts';

test('durations', () => {
  const ms = { '30s': 30_000, '5m': 300_000, '2h': 7_200_000, '1d': 86_400_000, ' 1d ': 86_400_000 };
  for (const [text, expected] of Object.entries(ms)) expect(duration(text)).toBe(expected);
  for (const text of ['', '5', 'm', '5 m', '-5m', '1.5h', '5M', '5min', '1e3s', '99999999999s', '0s'])
    expect(() => duration(text)).toThrow(/such as 30s/);
});

test.each([
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
])('%d ms lasted %s', (ms, text) => {
  expect(elapsed(ms)).toBe(text);
});

describe('what is near is told in whole seconds', () => {
  const now = Date.parse('2026-11-23T22:00:00Z');
  const at = (ms: number) => new Date(now + ms).toISOString();

  test.each([
    [-70_000, 'is due'],
    [0, 'is due'],
    [499, 'is due'],
    [3_000, 'in 3 s'],
    [34_000, 'in 34 s'],
    [90_000, 'in 1 min 30 s'],
  ])('a tick %d ms away', (ms, text) => {
    expect(dueIn(at(ms), now)).toBe(text);
  });

  test.each([
    [0, 'now'],
    [-1_999, 'now'],
    [-5_000, '5 s ago'],
    [-71_000, '1 min 11 s ago'],
    // A clock that is a little behind the cloud's.
    [4_000, 'now'],
  ])('something %d ms away', (ms, text) => {
    expect(ago(at(ms), now)).toBe(text);
  });
});
