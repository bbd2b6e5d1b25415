import { scheduleText } from '../../../../cli/runs/schedule-text.ts';
import type { Pace } from '../../../../functions/core/model/schedule.ts';
import type { RunStatus } from '../../../../functions/status.ts';
import type { Change } from '../../../protocol.ts';

/** What the form for a run contains: the texts of its fields. The control function checks the values. */
export interface ScheduleForm {
  /** Jobs per tick, unless `allItems`. */
  x: string;
  allItems: boolean;
  times: 'minutes' | 'cron';
  /** Minutes between two ticks. */
  y: string;
  cron: string;
  timezone: string;
  pace: Pace;
  /** Empty for the control function's default. */
  backfillMinutes: string;
}

type Schedule = Pick<RunStatus, 'x' | 'y' | 'cron' | 'timezone' | 'pace'>;

/**
 * The form with the schedule of a run, so that the next run repeats it and a change begins with it.
 * @param ownTimezone of the browser, for a cron expression that has none yet
 */
export function formOf(run: Schedule | undefined, ownTimezone: string): ScheduleForm {
  const { x = 1_000, y = 1, cron = '', timezone = ownTimezone, pace = 'burst' } = run ?? {};
  return {
    x: String(x === 'all' || x === 0 ? 1_000 : x),
    allItems: x === 'all',
    times: cron === '' ? 'minutes' : 'cron',
    y: String(y || 1),
    cron,
    timezone,
    pace,
    backfillMinutes: '',
  };
}

/** Starts a run. @param replace whether the active run, if there is one, is stopped */
export function startOf(form: ScheduleForm, replace: boolean): Change {
  const { pace, backfillMinutes } = form;
  return {
    ...{ action: 'start', x: jobsOf(form), ...periodOf(form), pace },
    ...(backfillMinutes !== '' && { backfillMinutes: Number(backfillMinutes) }),
    ...(replace && { replace }),
  };
}

/** Changes what differs from the run. If nothing differs, the control function says so. */
export function updateOf(form: ScheduleForm, run: Schedule): Change {
  const x = jobsOf(form);
  const period = periodOf(form);
  const isOtherPeriod =
    period.y === undefined
      ? period.cron !== run.cron || period.timezone !== (run.timezone ?? 'UTC')
      : period.y !== run.y;
  return {
    action: 'update',
    ...(x !== run.x && { x }),
    ...(isOtherPeriod && period),
    ...(form.pace !== run.pace && { pace: form.pace }),
  };
}

/** The schedule in words: `1,000 jobs every 5 minutes`; undefined while a field is empty. */
export function previewOf(form: ScheduleForm): string | undefined {
  const x = jobsOf(form);
  const { y = null, ...line } = periodOf(form);
  if (!(x === 'all' || x > 0) || !(y === null ? line.cron : y > 0)) return undefined;
  return scheduleText({ x, pace: form.pace, y, ...line });
}

function jobsOf({ x, allItems }: ScheduleForm): number | 'all' {
  return allItems ? 'all' : Number(x);
}

function periodOf({ times, y, cron, timezone }: ScheduleForm): {
  y?: number;
  cron?: string;
  timezone?: string;
} {
  if (times === 'minutes') return { y: Number(y) };
  return { cron: cron.trim(), timezone: timezone.trim() || 'UTC' };
}
