import type { Command } from 'commander';
import { count, percent } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { type Benchmark, tableOf } from '../harness/benchmark.ts';
import { figureText } from '../harness/figures.ts';
import { idealPace, measureSystems, type ThroughputRow } from '../harness/throughput.ts';
import { openDrumline } from '../peers/drumline.ts';

interface Options {
  workers: number[];
  workMs: number;
  seconds: number;
}

export const scaling: Benchmark<Options, ThroughputRow> = {
  name: 'scaling',
  question: 'How does it scale with workers?',
  method: `The deployed stack with its default settings runs jobs that wait. Only \`concurrency\` changes. The time runs from the claim of
the tick to the last job's count, after a warm-up that is not counted. At the end of a measurement some workers are
idle while others finish a batch. With N batches per worker the result can therefore be up to 1/N below the long-run speed: with
jobs of 100 ms a batch takes at most 5 seconds, so \`--seconds 20\` measures at least four batches per worker.`,

  register(command: Command) {
    command
      .option('--workers <list>', 'numbers of workers', intList(1, 100), [1, 2, 4, 8])
      .option('--work-ms <n>', 'how long each job waits, in milliseconds', int(1, 10_000), 100)
      .option('--seconds <n>', 'approximate length of one measurement', int(1, 600), 40);
  },

  async run(context) {
    const { workers, workMs, seconds } = context.options;
    const system = (await openDrumline(context))({});
    const cases = workers.map((each) => ({ system, load: { workers: each, workMs } }));
    return measureSystems(context, 'scaling', cases, { seconds });
  },

  section(rows) {
    const [first] = rows;
    return [
      `Jobs that wait ${first?.workMs} ms. “Of the ideal” compares with workers that only wait for their jobs and lose no time between them: workers × \`jobConcurrency\` × 60,000 ms ÷ ${first?.workMs} ms. The last column compares the busiest worker with the least busy one.`,
      tableOf(rows, {
        workers: ({ workers }) => count(workers),
        jobs: ({ jobs }) => count(jobs),
        'jobs/min': ({ jobsPerMinute }) => figureText(jobsPerMinute),
        'of the ideal': (row) =>
          percent(row.jobsPerMinute.median / idealPace(Number(row.settings.jobConcurrency), row)),
        'speed-up': ({ jobsPerMinute }) =>
          first ? `${(jobsPerMinute.median / first.jobsPerMinute.median).toFixed(2)}×` : '',
        'largest ÷ smallest share': ({ shareRatio }) => figureText(shareRatio, (ratio) => ratio.toFixed(2)),
      }),
      'More workers than one machine has room for: [scaling-out.md](scaling-out.md).',
    ];
  },
};
