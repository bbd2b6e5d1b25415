import { describe, expect, test } from 'vitest';
import type { ScalingFigures, ScalingRule } from '../../../../../functions/core/model/scaling.ts';
import { decide } from '../../../../../functions/core/scaling/decide.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const MINUTE = 60_000;

const rule: ScalingRule = { min: 1, max: 20 };

/** A tick of 20,000 jobs of 100 ms, ten at a time, was just claimed; the next is due in ten minutes. */
const tick: ScalingFigures = {
  now: NOW,
  workers: 1,
  backlog: 20_000,
  workerMs: 10,
  jobMs: 100,
  schedule: { x: 20_000, periodMs: 10 * MINUTE, nextTickAt: NOW + 10 * MINUTE, pace: 'burst' },
  recommendations: [],
};

/** Figures some minutes after the tick. */
const later = (minutes: number, changes: Partial<ScalingFigures>): ScalingFigures => ({
  ...tick,
  now: NOW + minutes * MINUTE,
  ...changes,
});

const even = { ...tick.schedule, pace: 'even' } as NonNullable<ScalingFigures['schedule']>;
const idleRun = (backlog: number): ScalingFigures => {
  const { schedule: _, ...figures } = tick;
  return { ...figures, backlog };
};
const needed = (minutes: number, workers: number) => ({ at: NOW + minutes * MINUTE, workers });

describe('without a history that keeps the number up', () => {
  const quiet = [needed(0, 1)];
  test.each<[string, number, ScalingFigures, Partial<ScalingRule>?]>([
    // 20,000 × 10 ms of a worker in 300 s, at 80 %: 0.83 workers.
    ['half of the period', 1, tick],
    ['a slower job', 13, { ...tick, workerMs: 150 }],
    ['drainWithin', 5, tick, { drainWithinSeconds: 60 }],
    ['a shorter drainWithin', 9, tick, { drainWithinSeconds: 30 }],
    ['the time that is left', 5, later(4, { recommendations: quiet })],
    ['after the deadline, a minute', 5, later(7, { recommendations: quiet })],
    [
      'after a short drainWithin, that time',
      9,
      later(7, { recommendations: quiet }),
      { drainWithinSeconds: 30 },
    ],
    ['at most the maximum', 20, { ...tick, workerMs: 1_000 }],
    ['at least the minimum', 3, { ...tick, backlog: 0 }, { min: 3 }],
    // Ten at a time in a worker: three workers run all of them at once.
    [
      'jobs that take longer than the time',
      3,
      { ...tick, backlog: 30, workerMs: MINUTE, jobMs: 10 * MINUTE },
    ],
    ['fewer jobs than workers', 4, { ...tick, backlog: 4, workerMs: 10 * MINUTE, jobMs: 9 * MINUTE }],
    ['even jobs', 9, { ...tick, backlog: 0, workerMs: 200, schedule: even }],
    ['even jobs that are late', 17, { ...tick, workerMs: 200, schedule: even }],
    // Its jobs have a day, and 14 of 28 days have passed.
    [
      'even jobs of a period over a day, when they are done',
      1,
      {
        ...tick,
        backlog: 0,
        workerMs: 100_000,
        schedule: { ...even, periodMs: 40_320 * MINUTE, nextTickAt: NOW + 20_160 * MINUTE },
      },
    ],
    // Ticks overlap, so that the jobs of each period have to be done in a period.
    [
      'drainWithin above the period',
      5,
      { ...tick, backlog: 0, workerMs: 120 },
      { drainWithinSeconds: 3_600 },
    ],
    ['no run, and a backlog', 1, idleRun(6_000)],
    ['no run, and a larger backlog', 9, idleRun(200_000)],
    ['no run, no backlog, no time per job', 1, { now: NOW, workers: 1, backlog: 0, recommendations: [] }],
  ])('%s: %i', (_, workers, figures, changes) => {
    expect(decide({ ...rule, ...changes }, figures).workers).toBe(workers);
  });
});

describe('a missing figure', () => {
  test.each<[keyof ScalingFigures, unknown, number | undefined]>([
    ['workers', undefined, undefined],
    ['backlog', undefined, 7],
    ['workerMs', undefined, 7],
    ['workerMs', Number.NaN, 7],
    ['backlog', -1, 7],
  ])('changes nothing: %s %s', (name, value, workers) => {
    const recommendations = [needed(-1, 3)];
    const decision = decide(rule, { ...tick, workers: 7, recommendations, [name]: value });
    expect(decision).toEqual({ workers, recommendations, reason: expect.stringMatching(/is not known/) });
    if (workers === undefined) expect(decision).not.toHaveProperty('workers');
  });

  test('does not matter to a fixed number, nor to the bounds', () => {
    const nothing = { now: NOW, recommendations: [] };
    expect(decide({ min: 4, max: 4 }, nothing).workers).toBe(4);
    expect(decide(rule, { ...nothing, workers: 30 }).workers).toBe(20);
    expect(decide({ min: 2, max: 20 }, { ...nothing, workers: 1 }).workers).toBe(2);
  });
});

describe('the number goes down', () => {
  const idle = { backlog: 0, workers: 9 };
  test.each<[string, number, ScalingFigures, ScalingRule?]>([
    ['not within five minutes', 9, later(5, { ...idle, recommendations: [needed(1, 9)] })],
    ['then at once', 1, later(6, { ...idle, recommendations: [needed(1, 9), needed(2, 1)] })],
    [
      'to the highest recommendation',
      4,
      later(6, { ...idle, recommendations: [needed(1, 9), needed(3, 4)] }),
    ],
    ['not without a history', 9, later(6, { ...idle })],
    ['not by less than a tenth', 16, later(6, { backlog: 0, workers: 16, recommendations: [needed(2, 15)] })],
    ['not above what it is', 2, later(5, { backlog: 0, workers: 2, recommendations: [needed(3, 9)] })],
    [
      'not before a tick that needs it',
      5,
      later(9, { ...idle, workerMs: 60, recommendations: [needed(8, 1)] }),
    ],
    [
      'at once, if the rule says so',
      5,
      later(5, { ...idle, recommendations: [needed(4, 9)] }),
      { min: 1, max: 5 },
    ],
  ])('%s: %i', (_, workers, figures, given = rule) => {
    expect(decide(given, figures).workers).toBe(workers);
  });

  test('from one decision to the next, five minutes after the last need', () => {
    let figures = { ...tick, workerMs: 150 };
    const numbers: number[] = [];
    for (let minute = 0; minute < 9; minute++) {
      const { workers = 0, recommendations } = decide(rule, figures);
      numbers.push(workers);
      figures = { ...figures, ...later(minute + 1, { backlog: 0, workers, recommendations }), workerMs: 150 };
    }
    expect(numbers).toEqual([13, 13, 13, 13, 13, 1, 1, 1, 1]);
  });
});

test('only recommendations that may still be the highest are kept', () => {
  const recommendations = [needed(-6, 20), needed(-4, 9), needed(-3, 5), needed(-2, 3)];
  expect(decide(rule, { ...tick, workerMs: 75, recommendations }).recommendations).toEqual([
    needed(-4, 9),
    needed(0, 7),
  ]);
});

test.each<[string, ScalingFigures, Partial<ScalingRule>]>([
  ['20,000 pending jobs at 10 ms each need 1 to drain in 300 s.', tick, {}],
  [
    '20,000 pending jobs at 10 ms each need 5 to drain in 60 s, but the rule allows 2 at most.',
    tick,
    { max: 2, drainWithinSeconds: 60 },
  ],
  [
    'No job is pending; 9 were needed within the last five minutes.',
    { ...tick, workers: 9, backlog: 0, recommendations: [needed(-1, 9)] },
    {},
  ],
  [
    'No job is pending; the next tick, in 60 s, will need 5.',
    later(9, { workers: 9, backlog: 0, workerMs: 60, recommendations: [needed(8, 1)] }),
    {},
  ],
  [
    'The schedule needs 9 to keep up with its jobs.',
    { ...tick, backlog: 0, workerMs: 200, schedule: even },
    {},
  ],
  ['The number is fixed at 4.', tick, { min: 4, max: 4 }],
])('says why: %s', (reason, figures, changes) => {
  expect(decide({ ...rule, ...changes }, figures).reason).toBe(reason);
});
