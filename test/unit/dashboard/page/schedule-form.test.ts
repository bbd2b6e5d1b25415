import { expect, test } from 'vitest';
import {
  formOf,
  previewOf,
  type ScheduleForm,
  startOf,
  updateOf,
} from '../../../../dashboard/page/src/controls/schedule-form.ts';

const RUN = { x: 500, y: 5, pace: 'even' } as const;
const CRON_RUN = {
  x: 'all',
  y: null,
  cron: '0 6 * * *',
  timezone: 'Europe/Berlin',
  pace: 'burst',
} as const;
const FORM = formOf(undefined, 'Asia/Tokyo');

test('the form begins with the schedule of the last run, or with defaults', () => {
  expect(FORM).toMatchObject({
    x: '1000',
    allItems: false,
    times: 'minutes',
    y: '1',
    timezone: 'Asia/Tokyo',
  });
  expect(formOf(RUN, 'UTC')).toMatchObject({ x: '500', times: 'minutes', y: '5', pace: 'even' });
  expect(formOf(CRON_RUN, 'UTC')).toMatchObject({
    ...{ x: '1000', allItems: true, times: 'cron', y: '1' },
    ...{ cron: '0 6 * * *', timezone: 'Europe/Berlin' },
  });
});

test.each<[string, Partial<ScheduleForm>, boolean, object]>([
  ['minutes', {}, false, { x: 1_000, y: 1 }],
  ['all items', { allItems: true }, false, { x: 'all', y: 1 }],
  [
    'cron',
    { times: 'cron', cron: ' 0 6 * * * ', timezone: ' ' },
    false,
    { x: 1_000, cron: '0 6 * * *', timezone: 'UTC' },
  ],
  ['a backfill', { backfillMinutes: '0' }, false, { x: 1_000, y: 1, backfillMinutes: 0 }],
  ['a replaced run', {}, true, { x: 1_000, y: 1, replace: true }],
])('a start with %s', (_, edited, replace, change) => {
  expect(startOf({ ...FORM, ...edited }, replace)).toEqual({ action: 'start', pace: 'burst', ...change });
});

test.each<[string, typeof RUN | typeof CRON_RUN, Partial<ScheduleForm>, object]>([
  ['nothing', RUN, {}, {}],
  ['X', RUN, { x: '600' }, { x: 600 }],
  ['Y', RUN, { y: '6' }, { y: 6 }],
  ['the pace', RUN, { pace: 'burst' }, { pace: 'burst' }],
  [
    'minutes to cron',
    RUN,
    { times: 'cron', cron: '0 7 * * *', timezone: 'UTC' },
    { cron: '0 7 * * *', timezone: 'UTC' },
  ],
  ['nothing of cron', CRON_RUN, {}, {}],
  ['the time zone', CRON_RUN, { timezone: 'Asia/Tokyo' }, { cron: '0 6 * * *', timezone: 'Asia/Tokyo' }],
  ['cron to minutes', CRON_RUN, { times: 'minutes' }, { y: 1 }],
])('a change of %s sends only that', (_, run, edited, change) => {
  expect(updateOf({ ...formOf(run, 'UTC'), ...edited }, run)).toEqual({ action: 'update', ...change });
});

test.each<[Partial<ScheduleForm>, string | undefined]>([
  [{}, '1,000 jobs every minute'],
  [{ allItems: true, y: '5', pace: 'even' }, 'all items every 5 minutes, spread evenly'],
  [{ times: 'cron', cron: '0 6 * * *' }, '1,000 jobs at 0 6 * * * (Asia/Tokyo)'],
  [{ x: '' }, undefined],
  [{ y: '' }, undefined],
  [{ times: 'cron', cron: ' ' }, undefined],
])('the preview of %o is %s', (edited, text) => {
  expect(previewOf({ ...FORM, ...edited })).toBe(text);
});
