import { expect, test } from 'vitest';
import type { TuningRow } from '../../../bench/tuning/benchmark.ts';
import { cellsOf, fits } from '../../../bench/tuning/matrix.ts';
import { section } from '../../../bench/tuning/section.ts';

const USUAL = { batchSize: 10, jobsPerMessage: 10, jobConcurrency: 10 };
const AXES = { jobsPerMessage: [1, 10, 50], batchSize: [1, 10], jobConcurrency: [10, 50], workMs: [0] };

const shown = (cells: ReturnType<typeof cellsOf>) =>
  cells.map(({ packing: { batchSize, jobsPerMessage, jobConcurrency } }) =>
    [batchSize, jobsPerMessage, jobConcurrency].join('/'),
  );

test('one setting differs at a time, unless all are asked for', () => {
  expect(shown(cellsOf(AXES, USUAL))).toEqual([
    '1/10/10',
    '1/50/10',
    '10/1/10',
    '10/10/10',
    '10/50/10',
    '10/10/50',
    '10/50/50',
  ]);
  expect(cellsOf({ ...AXES, full: true }, USUAL)).toHaveLength(12);
});

test('a batch fits when its work ends before the time that is kept for writing', () => {
  const cell = (jobsPerMessage: number, workMs: number) => ({
    packing: { ...USUAL, jobsPerMessage },
    workMs,
  });
  expect(fits(cell(100, 0), 10_000)).toBe(true);
  expect(fits(cell(10, 700), 10_000)).toBe(true);
  // Ten turns of 1 s in the 7.5 s that are left for work.
  expect(fits(cell(10, 1_000), 10_000)).toBe(false);
  expect(fits(cell(10, 1_000), 20_000)).toBe(true);
});

const row = (jobsPerMessage: number, jobConcurrency: number, workMs: number, median?: number): TuningRow => ({
  benchmark: 'tuning',
  system: 'drumline',
  workers: 2,
  workMs,
  settings: { batchSize: 10, jobsPerMessage, jobConcurrency },
  ...(median !== undefined && { jobsPerMinute: { median, min: median, max: median } }),
});

test('a line for the settings, a column for each kind of job, a dash where none fits', () => {
  const { tables, charts, remarks } = section([
    ...[row(10, 10, 0, 200_000), row(50, 10, 0, 800_000), row(10, 50, 0, 190_000)],
    ...[row(10, 10, 1_000), row(50, 10, 1_000), row(10, 50, 1_000, 5_900)],
  ]);
  expect(tables[0]?.heads.slice(3)).toEqual(['no-op', '1,000 ms']);
  expect(tables[0]?.rows).toEqual([
    ['10', '10', '10', '200,000', '–'],
    ['10', '50', '10', '800,000', '–'],
    ['10', '10', '50', '190,000', '5,900'],
  ]);
  expect(charts[0]?.x.values).toEqual(['10', '50']);
  expect(remarks).toBe(
    [
      '- no-op: fastest with 10 messages of 50 jobs, 10 at a time, 800,000 jobs/min.',
      '- 1,000 ms: fastest with 10 messages of 10 jobs, 50 at a time, 5,900 jobs/min.',
    ].join('\n'),
  );
});
