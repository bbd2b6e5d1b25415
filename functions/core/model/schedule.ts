import type { RunId } from './ids.ts';

/**
 * How late a tick may fire before it counts as missed, when the run has no backfill window. The rule fires every
 * minute, and an emulator's up to a minute late: less than two periods would skip ticks of a healthy system.
 */
export const MAX_LATENESS_MS = 120_000;

/** A tick's jobs come all at once, or spread evenly over its minutes. */
export type Pace = 'burst' | 'even';

/** What the schedule needs to know of a run; times are milliseconds since 1970. */
export interface ScheduleState {
  /** Minutes from one tick to the next. */
  y: number;
  /** The number of the next tick, from 1, and when it is due. */
  nextTick: number;
  nextTickAt: number;
  /** How far back a missed tick is still fired; 0 for not at all. */
  backfillMinutes: number;
}

export interface DueTick {
  runId: RunId;
  tick: number;
  dueAt: number;
}

/** One step of the schedule: the next tick fires, or the ticks up to `resumeAt` were missed. */
export type ScheduleStep =
  | { kind: 'fire'; tick: number; dueAt: number }
  | { kind: 'missed'; count: number; nextTick: number; nextTickAt: number };

/**
 * What is due, the oldest first; nothing when the next tick lies ahead. A tick that is more than `MAX_LATENESS_MS` (or the
 * backfill window, if that is longer) late is missed, and is not fired.
 *
 * @param now the clock, milliseconds since 1970. It decides what is late: Lambda keeps an event for up to six hours,
 *   and EventBridge for a day.
 * @param eventTime when the event was due. Ticks that are due later do not fire.
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

/** When the next tick is due once Y has changed: the new Y after the last tick, but never in the past. */
export function rescheduledAt(lastTickDueAt: number, y: number, now: number): number {
  return Math.max(now, lastTickDueAt + y * 60_000);
}
