import { expect, test } from 'vitest';
import { nextTimes } from '../../../../dashboard/page/src/controls/cron-times.ts';

const NOW = Date.parse('2026-11-26T00:00:00Z');

test('the next times of a cron expression are in its time zone', () => {
  expect(nextTimes('0 6 * * 1-5', 'Europe/Berlin', 3, NOW)).toEqual([
    'Thu 26 Nov 06:00 Europe/Berlin',
    'Fri 27 Nov 06:00 Europe/Berlin',
    'Mon 30 Nov 06:00 Europe/Berlin',
  ]);
});

test.each([
  ['0 6 * *', 'UTC'],
  ['0 6 * * *', 'Europe/Nowhere'],
])('%s in %s has no times, and the error is that of the control function', (expression, timezone) => {
  expect(() => nextTimes(expression, timezone, 1, NOW)).toThrow(
    expect.objectContaining({ code: 'invalid_input' }),
  );
});
