import type { Command } from 'commander';
import { int, intList } from '../cli/terminal/options.ts';
import { count, counted, percent, rate } from '../text/format.ts';
import type { Benchmark, ThroughputRow } from './benchmark.ts';
import type { Contender, Outcome } from './contender.ts';
import { openDrumline } from './drumline.ts';
import { type Figure, figureOf, figureText } from './figure.ts';
import { inTurn } from './rounds.ts';
import { idealOf, measureThroughput, paceOf, unevennessOf } from './throughput.ts';

interface Options {
  workers: number[];
  workMs: number;
  seconds: number;
}

/** The speed of so many workers. */
export interface ScalingRow extends ThroughputRow {
  system: 'drumline';
  /** Jobs of a measurement. */
  jobs: number;
  /** Jobs a minute if workers did nothing but wait for their jobs. */
  ideal: number;
  /** How many times the smallest share of a worker the largest is. */
  unevenness: Figure;
}

export const scaling: Benchmark<Options, ScalingRow> = {
  name: 'scaling',
  title: 'More workers',
  about: `The deployed stack with its defaults, and jobs that wait; by the one number that scales it. The ideal is what workers would do that did
nothing but wait for their jobs: workers × \`jobConcurrency\` × 60,000 ms ÷ the jobs' ms. The time runs from the tick's claim to the last job's
count, after a warm-up that is not counted. At the end some workers have nothing left to do while others finish a batch, so that a measurement
of N batches a worker can be as much as 1/N below what goes on in the long run: with the defaults and jobs of 100 ms a batch takes a
second, and a measurement of forty seconds can be 2.5 % below.`,

  register(command: Command) {
    command
      .option('--workers <list>', 'how many workers', intList(1, 100), [1, 2, 4, 8])
      .option('--work-ms <n>', 'how long a job waits', int(1, 10_000), 100)
      .option('--seconds <n>', 'how long a measurement takes, about', int(1, 600), 40);
  },

  async run(context) {
    const { options, rounds, progress, signal } = context;
    const { workMs, seconds } = options;
    const contender = (await openDrumline(context))({});
    const measured = await inTurn(options.workers, rounds, async (workers) => {
      signal.throwIfAborted();
      const outcome = await measureThroughput(contender, { workers, workMs }, { seconds });
      progress(`${counted(workers, 'worker')}: ${rate(paceOf(outcome))} (${counted(outcome.jobs, 'job')})`);
      return outcome;
    });
    return [...measured].map(([workers, outcomes]) => rowOf(contender, { workers, workMs }, outcomes));
  },

  section(rows) {
    const [first] = rows;
    return {
      tables: [
        {
          heads: ['workers', 'jobs', 'jobs/min', 'of the ideal', 'speed-up', 'largest ÷ smallest share'],
          aligns: Array.from({ length: 6 }, () => 'right' as const),
          rows: rows.map((row) => [
            count(row.workers),
            count(row.jobs),
            figureText(row.jobsPerMinute),
            percent(row.jobsPerMinute.median / row.ideal),
            first ? `${(row.jobsPerMinute.median / first.jobsPerMinute.median).toFixed(2)}×` : '',
            figureText(row.unevenness, (times) => times.toFixed(2)),
          ]),
        },
      ],
      charts: [
        {
          name: 'scaling',
          title: 'Jobs a minute by workers',
          kind: 'lines',
          x: { title: 'workers', values: rows.map(({ workers }) => String(workers)) },
          y: { title: 'jobs/min' },
          series: [
            { name: 'measured', values: rows.map(({ jobsPerMinute }) => jobsPerMinute) },
            { name: 'ideal', values: rows.map(({ ideal }) => ideal) },
          ],
        },
      ],
    };
  },
};

function rowOf(
  { settings, packing }: Contender,
  load: { workers: number; workMs: number },
  outcomes: Outcome[],
): ScalingRow {
  return {
    benchmark: 'scaling',
    system: 'drumline',
    ...load,
    settings,
    jobsPerMinute: figureOf(outcomes.map(paceOf)),
    jobs: Math.max(...outcomes.map(({ jobs }) => jobs)),
    ideal: idealOf(packing, load),
    unevenness: figureOf(outcomes.map(unevennessOf)),
  };
}
