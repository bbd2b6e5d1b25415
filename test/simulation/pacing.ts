import { Cron } from 'croner';
import { type CronLine, readCronLine } from '../../functions/core/model/cron.ts';
import { nextTickAfter } from '../../functions/core/model/schedule.ts';
import type { RunView } from './ledger-view.ts';

type Tick = RunView['ticks'][number];

/** The earliest time at which a job may be received, by its position in the tick, from 0. */
export function notBefore(tick: Tick, place: number): number {
  return tick.dueAt + Math.floor((tick.spreadMs / tick.count) * place);
}

/** The time over which the run's tick that is due at `dueAt` is spread, in milliseconds: at most a day. */
export function spreadOf({ pace, y }: RunView['run'], dueAt: number): number {
  return pace === 'even' ? Math.min(nextTickAfter(y, dueAt) - dueAt, 86_400_000) : 0;
}

/** The position of the first job of a tick that is due and not claimed, if there is one. */
export function overdue(tick: Tick, now: number): number | undefined {
  return tick.claimed < tick.count && notBefore(tick, tick.claimed) <= now ? tick.claimed : undefined;
}

const MINUTE = 60_000;

/** Longer than any clock is put back, in milliseconds. */
const MAX_REPEATED_MS = 3 * 60 * MINUTE;

/**
 * The times of a cron line from one moment to another, found by looking at the clock every minute: each local time that
 * it shows or skips comes once. Milliseconds since 1970.
 */
export function cronTimes(line: CronLine, from: number, to: number): number[] {
  const { expression, timezone } = readCronLine(line);
  const pattern = new Cron(expression, { timezone: 'UTC', paused: true });
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  const localTime = (at: number) => Date.parse(`${clock.format(at).replace(' ', 'T')}Z`);
  let at = Math.ceil((from - MAX_REPEATED_MS) / MINUTE) * MINUTE;
  // A local time that is not later than this one is repeated.
  let latest = localTime(at);
  const times = new Set<number>();
  for (; at <= to; at += MINUTE)
    for (; latest < localTime(at); latest += MINUTE)
      if (at >= from && pattern.match(new Date(latest + MINUTE))) times.add(at);
  return [...times];
}
