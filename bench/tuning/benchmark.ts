import type { Command } from 'commander';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { rate } from '../../text/format.ts';
import type { Benchmark, ThroughputRow } from '../benchmark.ts';
import { openDrumline, usualPacking } from '../drumline.ts';
import { type Figure, figureOf } from '../figure.ts';
import { inTurn } from '../rounds.ts';
import { measureThroughput, paceOf } from '../throughput.ts';
import { type Axes, cellsOf, fits } from './matrix.ts';
import { section } from './section.ts';

interface Options extends Axes {
  workers: number;
  seconds: number;
}

/** The speed with some settings; without a figure where a batch doesn't fit into its time limit. */
export interface TuningRow extends Omit<ThroughputRow, 'settings' | 'jobsPerMinute'> {
  settings: { batchSize: number; jobsPerMessage: number; jobConcurrency: number };
  jobsPerMinute?: Figure;
}

export const tuning: Benchmark<Options, TuningRow> = {
  name: 'tuning',
  title: 'Which settings for which jobs',
  about: `Jobs a minute of the deployed stack with other settings, for jobs that wait a shorter or a longer time. The settings are changed by
the same Lambda calls that a deploy would make. One setting at a time differs from the usual (\`--full\` is all of them with all).
A dash is a batch whose jobs don't fit into its time limit, with what is kept of that for writing: its messages would come back in part, again and again.`,

  register(command: Command) {
    command
      .option('--jobs-per-message <list>', 'as the setting', intList(1, 500), [1, 10, 25, 50, 100])
      .option('--batch-size <list>', 'as the setting', intList(1, 10), [1, 10])
      .option('--job-concurrency <list>', 'as the setting', intList(1, 10_000), [1, 10, 50])
      .option('--work-ms <list>', 'how long a job waits', intList(0, 10_000), [0, 10, 100, 1_000])
      .option('--workers <n>', 'how many workers', int(1, 100), 2)
      .option('--seconds <n>', 'how long a measurement takes, about', int(1, 600), 3)
      .option('--full', 'every setting with every other');
  },

  async run(context) {
    const { options, rounds, progress, signal } = context;
    const { workers, seconds } = options;
    const timeoutMs = effectiveSettings({}).consumerTimeoutSeconds * 1_000;
    const drumline = await openDrumline(context);
    const cells = cellsOf(options, usualPacking());
    const measurable = cells.filter((cell) => fits(cell, timeoutMs));
    const measured = await inTurn(measurable, rounds, async ({ packing, workMs }) => {
      signal.throwIfAborted();
      const outcome = await measureThroughput(drumline(packing), { workers, workMs }, { seconds });
      const { batchSize, jobsPerMessage, jobConcurrency } = packing;
      progress(
        `${workMs} ms, ${batchSize} × ${jobsPerMessage} jobs, ${jobConcurrency} at a time: ${rate(paceOf(outcome))}`,
      );
      return paceOf(outcome);
    });
    return cells.map(({ packing, workMs }, at) => {
      const paces = measured.get(cells[at] as (typeof cells)[number]);
      return {
        benchmark: 'tuning',
        system: 'drumline',
        workers,
        workMs,
        settings: packing,
        ...(paces && { jobsPerMinute: figureOf(paces) }),
      };
    });
  },

  section,
};
