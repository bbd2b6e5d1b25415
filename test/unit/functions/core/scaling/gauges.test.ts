import { expect, test } from 'vitest';
import type { Totals } from '../../../../../functions/core/ledger/totals.ts';
import { gaugesOf } from '../../../../../functions/core/scaling/gauges.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

const totals = (run: object, processed = 70, failed = 10) =>
  ({ run: { enqueued: 100, active: true, y: 5, ...run }, processed, failed }) as unknown as Totals;

test.each([
  ['nothing is pending', totals({}, 90), undefined, { pending: 0, oldestWait: 0, overdue: 0 }],
  ['jobs wait', totals({}), NOW - MINUTE, { pending: 20, oldestWait: 60, overdue: 0 }],
  [
    'jobs wait for longer than Y',
    totals({}),
    NOW - 7 * MINUTE,
    { pending: 20, oldestWait: 420, overdue: 120 },
  ],
  ['jobs are due later', totals({}), NOW + MINUTE, { pending: 20, oldestWait: 0, overdue: 0 }],
  [
    'a stopped run drains',
    totals({ active: false }),
    NOW - 6 * MINUTE,
    { pending: 20, oldestWait: 360, overdue: 60 },
  ],
  ['a stopped run is drained', totals({ active: false }, 90), undefined, {}],
] as const)('the gauges if %s', (_what, of, oldestAt, gauges) => {
  expect(gaugesOf(of, oldestAt, undefined, NOW)).toEqual(gauges);
});

test('the time between two ticks of a cron expression comes from the schedule', () => {
  const cron = totals({ y: '0 * * * * UTC' });
  expect(gaugesOf(cron, NOW - 70 * MINUTE, 60 * MINUTE, NOW)).toMatchObject({ overdue: 600 });
  expect(gaugesOf(cron, NOW - 70 * MINUTE, undefined, NOW).overdue).toBeUndefined();
});
