import { expect, test } from 'vitest';
import { planOf } from '../../../bench/benchmarks/endurance-plan.ts';
import { problemsOf } from '../../../bench/benchmarks/endurance-run.ts';
import { drawRun, type Sample, workerMinutes } from '../../../bench/benchmarks/endurance-samples.ts';

test('a run begins with its load, and has two deployments, one outage and several kills, whatever its length', () => {
  for (const minutes of [2, 60, 600]) {
    const plan = planOf(minutes);
    expect(plan[0]).toMatchObject({ kind: 'load', minute: 0 });
    expect(plan.every(({ minute }) => minute < minutes)).toBe(true);
    const times = (kind: string) => plan.filter((one) => one.kind === kind).length;
    expect([times('deploy'), times('outage')]).toEqual([2, 1]);
    expect(times('kill')).toBe(Math.max(4, minutes / 4));
  }
});

test('a run fails if a job is lost, a failure has no dead letter, or a deployed code has done nothing', () => {
  const row = { jobs: 1_000, failed: 2, deployments: 2, releases: { 1: 300, 2: 300, 3: 398 } };
  const verified = { ok: true, message: '' };
  const queue = { visible: 0, inFlight: 0, delayed: 0, deadLetters: 2 };
  expect(problemsOf(row, verified, { queue })).toEqual([]);
  for (const [problems, expected] of [
    [problemsOf(row, { ok: false, message: 'A job is missing.' }, { queue }), 'A job is missing.'],
    [problemsOf({ ...row, failed: 1 }, verified, { queue }), /2 jobs had to fail/],
    [
      problemsOf(row, verified, { queue: { ...queue, deadLetters: 1 } }),
      /2 jobs failed, but there are 1 dead/,
    ],
    [problemsOf({ ...row, releases: { 1: 500, 3: 498 } }, verified, { queue }), /Code 2 has done no job/],
  ] as const)
    expect(problems).toEqual([expect.stringMatching(expected)]);
});

test('worker-minutes add up over samples, also where Lambda did not answer', () => {
  const samples = [
    [0, 2],
    [1, Number.NaN],
    [2, 5],
    [4, 1],
  ].map(
    ([minute = 0, allowed = 0]): Sample => ({
      minute,
      allowed,
      x: 0,
      enqueued: 0,
      processed: 0,
      failed: 0,
      busy: 0,
    }),
  );
  expect(workerMinutes(samples)).toBe(2 + 2 + 10);
  expect(drawRun('run', samples, [{ minute: 1, label: 'kill' }])).toContain('kill');
});
