import type { Command } from 'commander';
import { count, counted } from '../../cli/terminal/format.ts';
import { int } from '../../cli/terminal/options.ts';
import { type Benchmark, tableOf } from '../harness/benchmark.ts';
import { HOPELESS_EVERY } from './endurance-job.ts';
import { type EnduranceRow, LongRun, type Options } from './endurance-run.ts';

export const endurance: Benchmark<Options, EnduranceRow> = {
  name: 'endurance',
  question: 'Does it run unattended?',
  once: true,
  method: `The deployed stack, with its default time limits, runs jobs that wait 50 to 150 ms. Two of a hundred attempts fail, and each
job whose ID is a multiple of ${HOPELESS_EVERY} fails for good. The load steps up, ramps down, and goes off and on. Meanwhile single worker
processes are killed, new code is deployed twice under load, and Elasticsearch is killed and started again. Nobody
scales, and nothing is retried by hand. At the end the run is stopped and verified: the benchmark fails unless each job
is counted exactly once and has its document or its dead letter, and unless each deployed code has done jobs. The status
is read every 5 seconds. Killed workers' messages return after the visibility timeout of three minutes.`,

  register(command: Command) {
    command
      .option('--minutes <n>', 'length of the run, in minutes', int(2, 10_000), 60)
      .option('--jobs <n>', 'highest number of jobs per tick', int(100, 1_000_000), 12_000)
      .option('--every <n>', 'minutes between two ticks', int(1, 60), 2)
      .option('--outage-seconds <n>', 'how long Elasticsearch is down', int(1, 3_600), 20);
  },

  async run(context) {
    const run = await LongRun.open(context);
    return [await run.toTheEnd()];
  },

  section(rows) {
    const [row] = rows;
    if (!row) return [];
    return [
      `The last run took ${counted(row.minutes, 'minute')} and ended verified: each job is counted once and has one document or one dead letter.`,
      { heads: ['', ''], rows: summaryOf(row) },
      '![Load, backlog, workers and pace during the run](plots/endurance.svg)',
      row.decisions.length === 0
        ? 'The number of workers did not change.'
        : tableOf(
            row.decisions,
            {
              reason: ({ reason, problem }) =>
                problem === undefined ? reason : `${reason} Refused: ${problem}`,
              minute: ({ minute }) => Math.max(0, minute).toFixed(1),
              from: ({ from }) => (from === null ? '–' : count(from)),
              to: ({ to }) => count(to),
            },
            'Decisions',
          ),
    ];
  },
};

function summaryOf(row: EnduranceRow): [string, string][] {
  const releases = Object.entries(row.releases);
  return [
    ['ticks', count(row.ticks)],
    ['missed ticks', count(row.missedTicks)],
    ['jobs', count(row.jobs)],
    ['processed', count(row.processed)],
    ...releases.map(([release, documents]): [string, string] => [`by code ${release}`, count(documents)]),
    ['failed, and dead letters now', count(row.failed)],
    ['documents', count(row.documents)],
    ['duplicate documents', count(row.duplicates)],
    ['jobs without a document or a failure', count(row.missing)],
    ['killed workers', count(row.killedWorkers)],
    ['deployments of new code', count(row.deployments)],
    ['outages of Elasticsearch', count(row.outages)],
    ['longest backlog, jobs', count(row.maxBacklog)],
    ['from the stop to the last job, seconds', count(row.drainSeconds)],
    ['worker-minutes that were allowed', count(row.workerMinutes)],
  ];
}
