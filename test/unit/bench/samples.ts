import type { Benchmark, Record, Row } from '../../../bench/harness/benchmark.ts';
import { type Figure, figureText } from '../../../bench/harness/figures.ts';
import { int } from '../../../cli/terminal/options.ts';

interface SpeedRow extends Row {
  jobsPerMinute: Figure;
}

/** A benchmark that measures nothing. */
export const speed: Benchmark<{ jobs: number }, SpeedRow> = {
  name: 'speed',
  question: 'How fast is it?',
  method: 'Jobs run as fast as they can.',
  register: (command) => command.option('--jobs <n>', 'number of jobs', int(1, 1_000), 10),
  run: async ({ options }) => [speedRow(options.jobs)],
  section: (rows) => [
    { heads: ['', 'jobs/min'], rows: rows.map(({ jobsPerMinute }) => ['all', figureText(jobsPerMinute)]) },
  ],
};

export const size: Benchmark = {
  name: 'size',
  question: 'How big is it?',
  method: 'Bytes.',
  run: async () => [{ benchmark: 'size' }],
  section: () => ['Small.'],
};

export function speedRow(median: number): SpeedRow {
  return { benchmark: 'speed', jobsPerMinute: { median, min: median - 1, max: median + 1 } };
}

export function record(benchmark: string, rows: Row[], date = '2026-11-24T10:00:00.000Z'): Record {
  return {
    benchmark,
    date,
    command: `npm run bench:${benchmark}`,
    rounds: 3,
    machine: { cores: 2, cpu: 'Z80', memoryGiB: 24, platform: 'linux x64', node: '20.19.0' },
    versions: { Elasticsearch: '8.19.21' },
    rows,
  };
}
