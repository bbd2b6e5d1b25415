import type { Pace, PeriodFields } from '../../functions/core/model/schedule.ts';
import { counted, dueIn, zonedTime } from '../terminal/format.ts';

// The times of ticks in words. The dashboard's page shows them, too, so this needs neither Node nor a terminal.

/** `1,000 jobs every 5 minutes`, `all items every 5 minutes` or `1,000 jobs at 0 6 * * 1-5 (Europe/Berlin)`; `, spread evenly` for an even pace. */
export function scheduleText({
  x,
  pace,
  ...period
}: { x: number | 'all'; pace: Pace } & PeriodFields): string {
  const jobs = x === 'all' ? 'all items' : counted(x, 'job');
  return `${jobs} ${periodText(period)}${pace === 'even' ? ', spread evenly' : ''}`;
}

function periodText({ y, cron, timezone }: PeriodFields): string {
  if (y === null) return `at ${cron} (${timezone})`;
  return `every ${y === 1 ? 'minute' : counted(y, 'minute')}`;
}

/** The next tick of a run with a cron expression: `Thu 26 Nov 06:00 Europe/Berlin (in 9 h 3 min)`. */
export function nextTickText({
  nextTickAt,
  timezone,
}: { nextTickAt: string | null } & PeriodFields): string | undefined {
  if (nextTickAt === null || timezone === undefined) return undefined;
  return `${zonedTime(nextTickAt, timezone)} (${dueIn(nextTickAt)})`;
}
