import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_LATENESS_MS,
  nextStep,
  rescheduledAt,
  type ScheduleState,
} from '../../../../../functions/core/model/schedule.ts';
import { NOW } from '../../samples.ts';

const MINUTE = 60_000;

function rhythm(change: Partial<ScheduleState> = {}): ScheduleState {
  return { y: 1, nextTick: 1, nextTickAt: NOW, backfillMinutes: 0, ...change };
}

/** What became of each tick, by its number, when the scheduler was called at these times. */
interface Course {
  fired: { tick: number; dueAt: number; at: number }[];
  missed: { tick: number; dueAt: number; at: number }[];
  next: ScheduleState;
}

/** Takes every step that is due at each of the times, as the scheduler does. */
function follow(start: ScheduleState, times: number[]): Course {
  const course: Course = { fired: [], missed: [], next: start };
  for (const at of times) {
    for (let step = nextStep(course.next, at); step; step = nextStep(course.next, at)) {
      const { nextTick, nextTickAt, y } = course.next;
      if (step.kind === 'fire') {
        course.fired.push({ tick: step.tick, dueAt: step.dueAt, at });
        course.next = { ...course.next, nextTick: step.tick + 1, nextTickAt: step.dueAt + y * MINUTE };
      } else {
        for (let i = 0; i < step.count; i++)
          course.missed.push({ tick: nextTick + i, dueAt: nextTickAt + i * y * MINUTE, at });
        course.next = { ...course.next, nextTick: step.nextTick, nextTickAt: step.nextTickAt };
      }
    }
  }
  return course;
}

const periods = fc.integer({ min: 1, max: 1_440 });

describe('due', () => {
  test('fires nothing before the tick is due, not even a millisecond', () => {
    expect(nextStep(rhythm(), NOW - 1)).toBeUndefined();
    expect(nextStep(rhythm(), NOW - 10 * MINUTE)).toBeUndefined();
  });

  test('fires a tick on the millisecond that it is due', () => {
    expect(nextStep(rhythm({ nextTick: 7 }), NOW)).toEqual({ kind: 'fire', tick: 7, dueAt: NOW });
  });

  test('fires a tick that is late, as long as it is not later than the tolerated lateness', () => {
    expect(nextStep(rhythm(), NOW + MAX_LATENESS_MS)).toEqual({ kind: 'fire', tick: 1, dueAt: NOW });
  });

  test('takes an event’s tick for missed that comes an hour late: it is the clock that says how late it is', () => {
    // An event of 21:45 that Lambda has kept until 22:45. The tick of 22:45 is left to its own event.
    expect(nextStep(rhythm({ y: 30 }), NOW + 60 * MINUTE, NOW)).toEqual({
      kind: 'missed',
      count: 2,
      nextTick: 3,
      nextTickAt: NOW + 60 * MINUTE,
    });
    expect(nextStep(rhythm({ nextTickAt: NOW + 60 * MINUTE }), NOW + 60 * MINUTE, NOW)).toBeUndefined();
  });

  test('fires nothing early for an event whose time lies ahead', () => {
    expect(nextStep(rhythm(), NOW - 1, NOW)).toBeUndefined();
  });

  test('takes a tick that is later than that for missed, once the lateness is over by a millisecond', () => {
    expect(nextStep(rhythm({ y: 10 }), NOW + MAX_LATENESS_MS + 1)).toEqual({
      kind: 'missed',
      count: 1,
      nextTick: 2,
      nextTickAt: NOW + 10 * MINUTE,
    });
  });

  test('counts as missed only those that are too late, and fires the rest', () => {
    // Down for an hour, a tick a minute: 58 are too late, the last three (58, 59 and 60 minutes) are not.
    const course = follow(rhythm(), [NOW + 60 * MINUTE]);
    expect(course.missed.map(({ tick }) => tick)).toEqual(Array.from({ length: 58 }, (_, i) => i + 1));
    expect(course.fired.map(({ tick }) => tick)).toEqual([59, 60, 61]);
  });

  test('fires every tick of the backfill window, the oldest first, and misses those before it', () => {
    const course = follow(rhythm({ backfillMinutes: 30 }), [NOW + 60 * MINUTE]);
    expect(course.missed.map(({ tick }) => tick)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(course.fired.map(({ tick }) => tick)).toEqual(Array.from({ length: 31 }, (_, i) => i + 31));
  });

  test('gives a backfill window shorter than the lateness no effect', () => {
    expect(nextStep(rhythm({ backfillMinutes: 1 }), NOW + MAX_LATENESS_MS)).toMatchObject({ kind: 'fire' });
  });

  test('keeps to the rhythm of a tick a day', () => {
    const day = 1_440 * MINUTE;
    const start = rhythm({ y: 1_440 });
    expect(nextStep({ ...start, nextTick: 2, nextTickAt: NOW + day }, NOW + day - 1)).toBeUndefined();
    const course = follow(start, [NOW, NOW + day + 59_999, NOW + 2 * day, NOW + 5 * day]);
    expect(course.fired.map(({ tick }) => tick)).toEqual([1, 2, 3, 6]);
    expect(course.missed.map(({ tick }) => tick)).toEqual([4, 5]);
    expect(course.next).toMatchObject({ nextTick: 7, nextTickAt: NOW + 6 * day });
  });

  test('fires or misses each tick exactly once and never early, over any sequence of event times', () => {
    fc.assert(
      fc.property(
        periods,
        fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 7 * 1_440 })),
        // Events may come out of order: a late one carries the time it was due.
        fc.array(fc.integer({ min: -10 * MINUTE, max: 3 * 1_440 * MINUTE }), { maxLength: 30 }),
        (y, backfillMinutes, offsets) => {
          const { fired, missed, next } = follow(
            rhythm({ y, backfillMinutes }),
            offsets.map((offset) => NOW + offset),
          );
          const settled = [...fired, ...missed].sort((one, other) => one.tick - other.tick);
          expect(settled.map(({ tick }) => tick)).toEqual(Array.from(settled, (_, i) => i + 1));
          expect(next.nextTick).toBe(settled.length + 1);
          expect(next.nextTickAt).toBe(NOW + settled.length * y * MINUTE);

          const tolerance = Math.max(MAX_LATENESS_MS, backfillMinutes * MINUTE);
          for (const { tick, dueAt, at } of fired) {
            expect(dueAt).toBe(NOW + (tick - 1) * y * MINUTE);
            expect(at).toBeGreaterThanOrEqual(dueAt);
            expect(at - dueAt).toBeLessThanOrEqual(tolerance);
          }
          for (const { dueAt, at } of missed) expect(at - dueAt).toBeGreaterThan(tolerance);
          // Whatever could have fired at the last event has.
          const last = Math.max(...offsets.map((offset) => NOW + offset));
          if (offsets.length > 0) expect(next.nextTickAt).toBeGreaterThan(last);
        },
      ),
    );
  });

  test('misses no tick of a healthy system, however far into the minute the rule fires', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 15 }),
        // The rule's own place in the minute, and by how much each of its events is late on top.
        fc.integer({ min: 0, max: 59_999 }),
        fc.array(fc.integer({ min: 0, max: 59_999 }), { minLength: 20, maxLength: 60 }),
        (y, phase, jitters) => {
          const events = jitters.map((jitter, minute) => NOW + minute * MINUTE + phase + jitter);
          const { fired, missed } = follow(rhythm({ y }), [NOW, ...events]);
          expect(missed).toEqual([]);
          const last = events.at(-1) as number;
          expect(fired).toHaveLength(Math.floor((last - NOW) / (y * MINUTE)) + 1);
        },
      ),
    );
  });

  test('fires nothing twice when the same event comes twice', () => {
    const times = [NOW, NOW, NOW + MINUTE, NOW + MINUTE, NOW + MINUTE];
    expect(follow(rhythm(), times).fired.map(({ tick }) => tick)).toEqual([1, 2]);
  });

  test('passes over years of missed ticks in one step', () => {
    const years = 3 * 365 * 1_440;
    expect(nextStep(rhythm(), NOW + years * MINUTE)).toEqual({
      kind: 'missed',
      count: years - 2,
      nextTick: years - 1,
      nextTickAt: NOW + (years - 2) * MINUTE,
    });
  });
});

describe('retimed', () => {
  test('counts the new Y from the last tick', () => {
    expect(rescheduledAt(NOW, 5, NOW + MINUTE)).toBe(NOW + 5 * MINUTE);
    expect(rescheduledAt(NOW, 1_440, NOW + MINUTE)).toBe(NOW + 1_440 * MINUTE);
  });

  test('makes a tick that would lie in the past due now, and not missed', () => {
    const now = NOW + 30 * MINUTE;
    const nextTickAt = rescheduledAt(NOW, 5, now);
    expect(nextTickAt).toBe(now);
    expect(nextStep(rhythm({ y: 5, nextTick: 2, nextTickAt }), now)).toEqual({
      kind: 'fire',
      tick: 2,
      dueAt: now,
    });
  });

  test('never sets a tick before its new period nor before now', () => {
    fc.assert(
      fc.property(periods, fc.nat({ max: 3 * 1_440 * MINUTE }), (y, passed) => {
        const at = rescheduledAt(NOW, y, NOW + passed);
        expect(at).toBeGreaterThanOrEqual(NOW + y * MINUTE);
        expect(at).toBeGreaterThanOrEqual(NOW + passed);
        expect([NOW + y * MINUTE, NOW + passed]).toContain(at);
      }),
    );
  });
});
