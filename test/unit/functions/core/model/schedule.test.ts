import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cronLine, occurrenceAfter } from '../../../../../functions/core/model/cron.ts';
import {
  DEFAULT_BACKFILL_MINUTES,
  firstTickAt,
  MAX_LATENESS_MS,
  nextStep,
  nextTickAfter,
  rescheduledAt,
  type ScheduleState,
} from '../../../../../functions/core/model/schedule.ts';
import { NOW } from '../../../../fixtures/ledger.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

const schedule = (change: Partial<ScheduleState> = {}): ScheduleState => ({
  ...{ y: 1, nextTick: 1, nextTickAt: NOW, backfillMinutes: 0 },
  ...change,
});

interface FollowedTick {
  tick: number;
  dueAt: number;
  /** When it fired, or was counted as missed. */
  at: number;
}

/** Takes all steps that are due at each of the times, as the scheduler does. */
function follow(start: ScheduleState, times: number[]) {
  const fired: FollowedTick[] = [];
  const missed: FollowedTick[] = [];
  let next = start;
  for (const at of times) {
    for (let step = nextStep(next, at); step; step = nextStep(next, at)) {
      const { nextTick, nextTickAt, y } = next;
      if (step.kind === 'fire') {
        fired.push({ tick: step.tick, dueAt: step.dueAt, at });
        next = { ...next, nextTick: step.tick + 1, nextTickAt: nextTickAfter(y, step.dueAt) };
      } else {
        for (let i = 0, dueAt = nextTickAt; i < step.count; i++, dueAt = nextTickAfter(y, dueAt))
          missed.push({ tick: nextTick + i, dueAt, at });
        next = { ...next, nextTick: step.nextTick, nextTickAt: step.nextTickAt };
      }
    }
  }
  return { fired, missed, next };
}

const numbersOf = (ticks: FollowedTick[]) => ticks.map(({ tick }) => tick);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

const periods = fc.integer({ min: 1, max: 1_440 });

describe('a tick', () => {
  test('fires when it is due, and not a millisecond before, whatever the event says', () => {
    expect(nextStep(schedule(), NOW - 1)).toBeUndefined();
    expect(nextStep(schedule(), NOW - 1, NOW)).toBeUndefined();
    expect(nextStep(schedule({ nextTick: 7 }), NOW)).toEqual({ kind: 'fire', tick: 7, dueAt: NOW });
  });

  test('fires late up to the tolerated lateness, and is missed a millisecond after it', () => {
    const fires = { kind: 'fire', tick: 1, dueAt: NOW };
    expect(nextStep(schedule(), NOW + MAX_LATENESS_MS)).toEqual(fires);
    // A backfill window that is shorter has no effect.
    expect(nextStep(schedule({ backfillMinutes: 1 }), NOW + MAX_LATENESS_MS)).toEqual(fires);
    expect(nextStep(schedule({ y: 10 }), NOW + MAX_LATENESS_MS + 1)).toEqual({
      ...{ kind: 'missed', count: 1, nextTick: 2, nextTickAt: NOW + 10 * MINUTE },
    });
  });

  test('is missed by the clock and not by the time of its event', () => {
    // Lambda kept the event of 21:45 until 22:45. The tick of 22:45 is left to its own event.
    expect(nextStep(schedule({ y: 30 }), NOW + 60 * MINUTE, NOW)).toEqual({
      ...{ kind: 'missed', count: 2, nextTick: 3, nextTickAt: NOW + 60 * MINUTE },
    });
    expect(nextStep(schedule({ nextTickAt: NOW + 60 * MINUTE }), NOW + 60 * MINUTE, NOW)).toBeUndefined();
  });

  test('is missed in an outage only if it is too late, or older than the backfill window', () => {
    // An hour without the scheduler, a tick a minute: the last three are not too late.
    const late = follow(schedule(), [NOW + 60 * MINUTE]);
    expect([numbersOf(late.missed), numbersOf(late.fired)]).toEqual([range(1, 58), range(59, 61)]);
    const backfilled = follow(schedule({ backfillMinutes: 30 }), [NOW + 60 * MINUTE]);
    expect([numbersOf(backfilled.missed), numbersOf(backfilled.fired)]).toEqual([
      range(1, 30),
      range(31, 61),
    ]);
    // Years are passed over in one step.
    const years = 3 * 365 * 1_440;
    expect(nextStep(schedule(), NOW + years * MINUTE)).toEqual({
      ...{ kind: 'missed', count: years - 2, nextTick: years - 1, nextTickAt: NOW + (years - 2) * MINUTE },
    });
  });

  test('is not missed in a fault of ten minutes with the default window, and few fire after a long pause', () => {
    const fault = follow(schedule({ backfillMinutes: DEFAULT_BACKFILL_MINUTES }), [NOW + 10 * MINUTE]);
    expect([fault.missed, numbersOf(fault.fired)]).toEqual([[], range(1, 11)]);
    const pause = follow(schedule({ backfillMinutes: DEFAULT_BACKFILL_MINUTES }), [NOW + 60 * MINUTE]);
    expect([numbersOf(pause.missed), numbersOf(pause.fired)]).toEqual([range(1, 50), range(51, 61)]);
  });

  test('of every day keeps its time of day', () => {
    const daily = schedule({ y: 1_440 });
    expect(nextStep({ ...daily, nextTick: 2, nextTickAt: NOW + DAY }, NOW + DAY - 1)).toBeUndefined();
    const { fired, missed, next } = follow(daily, [NOW, NOW + DAY + 59_999, NOW + 2 * DAY, NOW + 5 * DAY]);
    expect([numbersOf(fired), numbersOf(missed)]).toEqual([
      [1, 2, 3, 6],
      [4, 5],
    ]);
    expect(next).toMatchObject({ nextTick: 7, nextTickAt: NOW + 6 * DAY });
  });

  test('fires or is missed exactly once and never early, for any sequence of events', () => {
    const backfills = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 7 * 1_440 }));
    // Events may come twice and out of order.
    const offsets = fc.array(fc.integer({ min: -10 * MINUTE, max: 3 * DAY }), { maxLength: 30 });
    fc.assert(
      fc.property(periods, backfills, offsets, fc.boolean(), (y, backfillMinutes, offsets, twice) => {
        const events = offsets.flatMap((offset) => Array(twice ? 2 : 1).fill(NOW + offset));
        const { fired, missed, next } = follow(schedule({ y, backfillMinutes }), events);
        const all = [...fired, ...missed].sort((one, other) => one.tick - other.tick);
        expect(numbersOf(all)).toEqual(range(1, all.length));
        expect(next).toMatchObject({ nextTick: all.length + 1, nextTickAt: NOW + all.length * y * MINUTE });

        const tolerance = Math.max(MAX_LATENESS_MS, backfillMinutes * MINUTE);
        for (const { tick, dueAt, at } of fired) {
          expect(dueAt).toBe(NOW + (tick - 1) * y * MINUTE);
          expect(at).toBeGreaterThanOrEqual(dueAt);
          expect(at - dueAt).toBeLessThanOrEqual(tolerance);
        }
        for (const { dueAt, at } of missed) expect(at - dueAt).toBeGreaterThan(tolerance);
        // All that could fire at the last event has fired.
        if (events.length > 0) expect(next.nextTickAt).toBeGreaterThan(Math.max(...events));
      }),
    );
  });

  test('of a cron line fires or is missed exactly once, for any sequence of events', () => {
    const lines = fc.constantFrom(
      cronLine('0 */6 * * *', 'UTC'),
      cronLine('0 6 * * 1-5', 'Europe/Berlin'),
      cronLine('30 2 * * *', 'America/New_York'),
    );
    const offsets = fc.array(fc.integer({ min: 0, max: 60 * DAY }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(lines, offsets, (y, offsets) => {
        const start = schedule({ y, nextTickAt: firstTickAt(y, NOW) });
        const { fired, missed, next } = follow(
          start,
          offsets.map((offset) => NOW + offset),
        );
        const all = [...fired, ...missed].sort((one, other) => one.tick - other.tick);
        let dueAt = NOW - 1;
        for (const [index, tick] of all.entries()) {
          dueAt = occurrenceAfter(y, dueAt);
          expect(tick).toMatchObject({ tick: index + 1, dueAt });
        }
        expect(next).toMatchObject({ nextTick: all.length + 1, nextTickAt: occurrenceAfter(y, dueAt) });
      }),
      { numRuns: 30 },
    );
  });

  test('of a cron line is counted in steps of at most a thousand', () => {
    const everyMinute = schedule({ y: cronLine('* * * * *', 'UTC') });
    const now = NOW + 3_000 * MINUTE;
    expect(nextStep(everyMinute, now)).toMatchObject({ kind: 'missed', count: 1_000, nextTick: 1_001 });
    const { fired, missed } = follow(everyMinute, [now]);
    expect([numbersOf(missed), numbersOf(fired)]).toEqual([range(1, 2_999), range(3_000, 3_001)]);
  });

  test('is never missed in a healthy system, at whichever second of the minute the rule fires', () => {
    const jitters = fc.array(fc.integer({ min: 0, max: 59_999 }), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 15 }),
        fc.integer({ min: 0, max: 59_999 }),
        jitters,
        (y, phase, jitters) => {
          const events = jitters.map((jitter, minute) => NOW + minute * MINUTE + phase + jitter);
          const { fired, missed } = follow(schedule({ y }), [NOW, ...events]);
          expect(missed).toEqual([]);
          expect(fired).toHaveLength(Math.floor(((events.at(-1) as number) - NOW) / (y * MINUTE)) + 1);
        },
      ),
    );
  });
});

describe('a changed period', () => {
  const run = { y: 1, nextTickAt: NOW + MINUTE, lastTickDueAt: NOW };
  const daily = cronLine('0 6 * * *', 'UTC');

  test('of Y minutes counts from the last tick, and makes a tick due now that would lie in the past', () => {
    expect(rescheduledAt(run, 5, NOW + MINUTE)).toBe(NOW + 5 * MINUTE);
    const now = NOW + 30 * MINUTE;
    const nextTickAt = rescheduledAt(run, 5, now);
    const fires = { kind: 'fire', tick: 2, dueAt: now };
    expect(nextStep(schedule({ y: 5, nextTick: 2, nextTickAt }), now)).toEqual(fires);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1_440 }), fc.nat({ max: 3 * DAY }), (y, passed) => {
        expect(rescheduledAt(run, y, NOW + passed)).toBe(Math.max(NOW + y * MINUTE, NOW + passed));
      }),
    );
  });

  test('of a cron line starts with its next time, which may be now', () => {
    const next = rescheduledAt(run, daily, NOW + MINUTE);
    expect(next).toBe(occurrenceAfter(daily, NOW));
    expect(rescheduledAt(run, daily, next)).toBe(next);
    // Never the last tick again.
    expect(rescheduledAt({ ...run, lastTickDueAt: next }, daily, next)).toBe(next + DAY);
    expect(rescheduledAt({ y: daily, nextTickAt: next + DAY, lastTickDueAt: next }, 5, next)).toBe(
      next + 5 * MINUTE,
    );
  });

  test('starts at once with Y if a cron line has not fired yet, and otherwise keeps the next tick', () => {
    expect(rescheduledAt({ y: daily, nextTickAt: NOW + DAY }, 5, NOW)).toBe(NOW);
    expect(rescheduledAt({ y: 1, nextTickAt: NOW }, 5, NOW + MINUTE)).toBe(NOW);
    expect(rescheduledAt(run, 1, NOW)).toBe(run.nextTickAt);
  });
});
