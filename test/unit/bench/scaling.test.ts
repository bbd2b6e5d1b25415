import { expect, test } from 'vitest';
import { scaling } from '../../../bench/benchmarks/scaling.ts';
import type { ThroughputRow } from '../../../bench/harness/throughput.ts';

const row = (workers: number, median: number): ThroughputRow => ({
  benchmark: 'scaling',
  system: 'drumline',
  workers,
  workMs: 100,
  settings: { jobConcurrency: 10 },
  jobs: 4_000 * workers,
  jobsPerMinute: { median, min: median, max: median },
  shareRatio: { median: 1.01, min: 1, max: 1.02 },
});

test('part of the ideal, and speed-up against the first', () => {
  const [, table] = scaling.section([row(1, 5_820), row(2, 11_640), row(8, 45_600)]);
  expect(table).toHaveProperty('rows', [
    ['1', '4,000', '5,820', '97.0 %', '1.00×', '1.01 (1.00–1.02)'],
    ['2', '8,000', '11,640', '97.0 %', '2.00×', '1.01 (1.00–1.02)'],
    ['8', '32,000', '45,600', '95.0 %', '7.84×', '1.01 (1.00–1.02)'],
  ]);
});
