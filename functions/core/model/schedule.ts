/**
 * Maximum delay of a tick before it counts as missed, in milliseconds, for a run without a backfill window. The rule
 * fires every minute, in an emulator up to a minute late. A smaller value would skip ticks of a healthy system.
 */
export const MAX_LATENESS_MS = 120_000;

/** `burst` sends a tick's jobs at once; `even` spreads them over the Y minutes until the next tick. */
export type Pace = 'burst' | 'even';

/** The part of a run that determines which ticks are due. Times are milliseconds since 1970. */
export interface ScheduleState {
  /** Minutes between two ticks. */
  y: number;
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
  const period = run.y * 60_000;
  const oldest = now - Math.max(MAX_LATENESS_MS, run.backfillMinutes * 60_000);
  if (run.nextTickAt >= oldest) return { kind: 'fire', tick: run.nextTick, dueAt: run.nextTickAt };
  const count = Math.ceil((oldest - run.nextTickAt) / period);
  return {
    kind: 'missed',
    count,
    nextTick: run.nextTick + count,
    nextTickAt: run.nextTickAt + count * period,
  };
}

/** When the next tick is due after Y has changed: Y minutes after the last tick, but never in the past. */
export function rescheduledAt(lastTickDueAt: number, y: number, now: number): number {
  return Math.max(now, lastTickDueAt + y * 60_000);
}
