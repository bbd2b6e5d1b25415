import type { Benchmark, Row, ThroughputRow } from '../../../bench/benchmark.ts';
import { figureText } from '../../../bench/figure.ts';
import type { Record } from '../../../bench/record.ts';
import { int } from '../../../cli/terminal/options.ts';

interface SpeedRow extends Row {
  jobsPerMinute: ThroughputRow['jobsPerMinute'];
}

/** A benchmark that measures nothing. */
export const speed: Benchmark<{ jobs: number }, SpeedRow> = {
  name: 'speed',
  title: 'How fast',
  about: 'Jobs, as fast as they go.',
  register: (command) => command.option('--jobs <n>', 'how many jobs', int(1, 1_000), 10),
  run: async ({ options }) => [speedRow(options.jobs)],
  section: (rows) => ({
    tables: [
      {
        heads: ['Jobs/min'],
        aligns: ['right'],
        rows: rows.map(({ jobsPerMinute }) => [figureText(jobsPerMinute)]),
      },
    ],
    charts: [
      {
        name: 'speed',
        title: 'Speed',
        kind: 'bars',
        x: { title: 'Workers', values: ['1'] },
        y: { title: 'Jobs/min' },
        series: [{ name: 'us', values: rows.map(({ jobsPerMinute }) => jobsPerMinute) }],
      },
    ],
  }),
};

export const size: Benchmark = {
  name: 'size',
  title: 'How big',
  about: 'Bytes.',
  run: async () => [{ benchmark: 'size' }],
  section: () => ({ tables: [], charts: [], remarks: 'Small.' }),
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
