import { type CronLine, occurrenceAfter, readCronLine } from './cron.ts';

/**
 * Maximum delay of a tick before it counts as missed, in milliseconds, for a run without a backfill window. The rule
 * fires every minute, in an emulator up to a minute late. A smaller value would skip ticks of a healthy system.
 */
export const MAX_LATENESS_MS = 120_000;

/**
 * The backfill window of a run, in minutes, unless its start names another. A fault of a few minutes (a region's brownout,
 * a throttled account, a restart of the emulator) then delays ticks and drops none. After a longer pause, such as that of
 * a laptop that slept, at most eleven ticks fire at once, which is the cost of the window for a run of one tick a minute.
 */
export const DEFAULT_BACKFILL_MINUTES = 10;

/** Maximum number of missed cron times that one step counts, so that a step takes well under a second. */
const MAX_COUNTED = 1_000;

/** `burst` sends a tick's jobs at once; `even` spreads them over the time until the next tick, or over a day if that is less. */
export type Pace = 'burst' | 'even';

/** When ticks are due: this number of minutes apart, from the start of the run on, or at the times of a cron line. */
export type Period = number | CronLine;

/** A period as the functions report it: either `y`, or `cron` and `timezone`. */
export interface PeriodFields {
  /** Minutes between two ticks; null if a cron expression sets the times. */
  y: number | null;
  /** The cron expression, five fields. */
  cron?: string;
  /** The IANA time zone of the expression. */
  timezone?: string;
}

export function periodFields(y: Period): PeriodFields {
  if (typeof y === 'number') return { y };
  const { expression, timezone } = readCronLine(y);
  return { y: null, cron: expression, timezone };
}

/** The part of a run that determines which ticks are due. Times are milliseconds since 1970. */
export interface ScheduleState {
  y: Period;
  /** The number of the next tick, from 1, and when it is due. */
  nextTick: number;
  nextTickAt: number;
  /** Late ticks up to this age are still fired; 0 for no backfill. */
  backfillMinutes: number;
}

/** The next tick must fire, or `count` ticks were missed and `nextTick` is the first one after them. */
export type ScheduleStep =
  | { kind: 'fire'; tick: number; dueAt: number }
  | { kind: 'missed'; count: number; nextTick: number; nextTickAt: number };

/**
 * What the schedule must do next, or undefined if no tick is due. A tick is missed if it is later than `MAX_LATENESS_MS`
 * and later than the backfill window.
 *
 * @param now the clock, in milliseconds since 1970. Lateness is measured by the clock and not by the event, because
 *   Lambda keeps an event for up to six hours, and EventBridge for a day.
 * @param eventTime when the event was due, in milliseconds since 1970. Ticks that are due later do not fire.
 */
export function nextStep(run: ScheduleState, now: number, eventTime: number = now): ScheduleStep | undefined {
  if (run.nextTickAt > Math.min(eventTime, now)) return undefined;
  const oldest = now - Math.max(MAX_LATENESS_MS, run.backfillMinutes * 60_000);
  if (run.nextTickAt >= oldest) return { kind: 'fire', tick: run.nextTick, dueAt: run.nextTickAt };
  const { count, nextTickAt } = missedBefore(oldest, run);
  return { kind: 'missed', count, nextTick: run.nextTick + count, nextTickAt };
}

/** Counts the ticks that were due before `oldest`, up to `MAX_COUNTED` of a cron line. `nextTickAt` is the one after them. */
function missedBefore(
  oldest: number,
  { y, nextTickAt }: ScheduleState,
): { count: number; nextTickAt: number } {
  if (typeof y === 'number') {
    const count = Math.ceil((oldest - nextTickAt) / (y * 60_000));
    return { count, nextTickAt: nextTickAt + count * y * 60_000 };
  }
  let count = 0;
  let at = nextTickAt;
  for (; at < oldest && count < MAX_COUNTED; count++) at = occurrenceAfter(y, at);
  return { count, nextTickAt: at };
}

/** When the first tick of a run is due: at once, or at the next time of a cron line. Milliseconds since 1970. */
export function firstTickAt(y: Period, startedAt: number): number {
  return typeof y === 'number' ? startedAt : occurrenceAfter(y, startedAt - 1);
}

/** When the tick after the one due at `dueAt` is due. Milliseconds since 1970. */
export function nextTickAfter(y: Period, dueAt: number): number {
  return typeof y === 'number' ? dueAt + y * 60_000 : occurrenceAfter(y, dueAt);
}

/**
 * When the next tick is due after the period has changed to `y`: Y minutes after the last tick, or at the next time of the
 * cron line, but never in the past. Without a last tick, Y minutes start with a tick that is due now.
 */
export function rescheduledAt(
  run: Pick<ScheduleState, 'y' | 'nextTickAt'> & { lastTickDueAt?: number },
  y: Period,
  now: number,
): number {
  const { lastTickDueAt, nextTickAt } = run;
  if (y === run.y) return nextTickAt;
  if (typeof y !== 'number') return occurrenceAfter(y, Math.max(now - 1, lastTickDueAt ?? 0));
  if (lastTickDueAt !== undefined) return Math.max(now, nextTickAfter(y, lastTickDueAt));
  return typeof run.y === 'number' ? nextTickAt : now;
}
