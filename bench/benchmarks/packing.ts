import type { Command } from 'commander';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { count, percent } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { TimeBudget } from '../../functions/core/consume/time-budget.ts';
import { effectiveJobsPerMessage, sizingOf } from '../../plan/packing.ts';
import { type Benchmark, tableOf } from '../harness/benchmark.ts';
import { figureText } from '../harness/figures.ts';
import { idealPace, measureSystems, type ThroughputRow } from '../harness/throughput.ts';
import { openDrumline } from '../peers/drumline.ts';
import { workOf } from './peers.ts';

interface Options {
  workers: number;
  workMs: number[];
  jobsPerMessage: number[];
  seconds: number;
  jobs: number;
}

const WORK_MS = [0, 10, 100, 1_000, 10_000];
const JOBS_PER_MESSAGE = [1, 2, 10, 25, 50, 200, 500];

/**
 * Most messages of a measured tick. The emulator becomes slow with a deep queue: with 200,000 messages, two workers did
 * 2,100 no-op jobs per minute, so that the measurement would have taken an hour and a half.
 */
const MAX_MESSAGES = 30_000;

export const packing: Benchmark<Options, ThroughputRow> = {
  name: 'packing',
  question: 'How well does automatic packing choose?',
  method: `The deployed stack runs one tick with \`jobsPerMessage\` \`auto\`, its default, and with fixed numbers, in turn. All other settings have their
defaults. Each tick has enough jobs for about \`--seconds\` at the ideal pace; jobs without work have \`--jobs\`. A fixed number is left out if a batch would exceed the
consumer's time limit, or if the tick would have more than ${MAX_MESSAGES.toLocaleString('en-US')} messages, which slow the emulator down. A tick has at least 100 messages, so a fixed number may have the effect of a smaller one, which is then measured once. The time runs from
the claim of the tick to the last job's count, after a warm-up that is not counted. After the warm-up the benchmark stores
what the workers have measured, as the system does every minute.`,

  register(command: Command) {
    command
      .option('--workers <n>', 'number of workers', int(1, 100), 2)
      .option('--work-ms <list>', 'how long each job waits, in milliseconds', intList(0, 60_000), WORK_MS)
      .option('--jobs-per-message <list>', 'fixed numbers to measure', intList(1, 500), JOBS_PER_MESSAGE)
      .option('--seconds <n>', 'approximate length of one measurement', int(1, 600), 30)
      .option('--jobs <n>', 'jobs without work in a measurement', int(1, 1_000_000), 200_000);
  },

  async run(context) {
    const { workers, workMs: durations, jobsPerMessage, seconds, jobs: noOps } = context.options;
    const drumline = await openDrumline(context);
    const rows: ThroughputRow[] = [];
    for (const workMs of durations) {
      const load = { workers, workMs };
      const { jobConcurrency } = effectiveSettings({});
      const jobs = workMs === 0 ? noOps : Math.ceil((idealPace(jobConcurrency, load) * seconds) / 60);
      const packings = ['auto' as const, ...fixedPackings(jobsPerMessage, jobs, workMs)];
      const cases = packings.map((packed) => ({ system: drumline({ jobsPerMessage: packed }), load }));
      rows.push(...(await measureSystems(context, 'packing', cases, { jobs })));
    }
    return rows;
  },

  section(rows) {
    const durations = [...new Set(rows.map(({ workMs }) => workMs))];
    const best = durations.map((workMs) => {
      const same = rows.filter((row) => row.workMs === workMs);
      const fixed = same
        .filter((row) => !isAuto(row))
        .sort((a, b) => b.jobsPerMinute.median - a.jobsPerMinute.median);
      return { workMs, auto: same.find(isAuto), fixed: fixed[0] };
    });
    return [
      tableOf(
        best,
        {
          jobs: ({ workMs }) => workOf(workMs),
          'auto, jobs/min': ({ auto }) => (auto ? figureText(auto.jobsPerMinute) : '–'),
          'best fixed number': ({ fixed }) => String(fixed?.settings.jobsPerMessage ?? '–'),
          'its jobs/min': ({ fixed }) => (fixed ? figureText(fixed.jobsPerMinute) : '–'),
          'auto ÷ best': ({ auto, fixed }) =>
            auto && fixed ? percent(auto.jobsPerMinute.median / fixed.jobsPerMinute.median) : '–',
        },
        `Automatic packing and the best fixed number, ${count(rows[0]?.workers ?? 0)} workers`,
      ),
      tableOf(
        rows,
        {
          jobs: ({ workMs }) => workOf(workMs),
          'jobs per message': ({ settings }) => String(settings.jobsPerMessage),
          'jobs of the tick': ({ jobs }) => count(jobs),
          'jobs/min': ({ jobsPerMinute }) => figureText(jobsPerMinute),
        },
        'All measurements',
      ),
    ];
  },
};

const isAuto = ({ settings }: ThroughputRow) => settings.jobsPerMessage === 'auto';

/** What these numbers become in a tick of so many jobs, each once, without those that cannot be measured. */
function fixedPackings(jobsPerMessage: readonly number[], jobs: number, workMs: number): number[] {
  const sizing = sizingOf(effectiveSettings({}));
  const effective = jobsPerMessage.map((fixed) =>
    effectiveJobsPerMessage(jobs, { ...sizing, jobsPerMessage: fixed }, workMs),
  );
  const batchMs = (packed: number) => Math.ceil((sizing.batchSize * packed) / sizing.jobConcurrency) * workMs;
  const { workMs: available } = new TimeBudget(0, sizing.consumerTimeoutSeconds * 1_000);
  return [...new Set(effective)].filter(
    (packed) => jobs / packed <= MAX_MESSAGES && (packed === 1 || batchMs(packed) <= available),
  );
}
