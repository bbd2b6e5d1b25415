import { type Command, Option } from 'commander';
import { MAX_WORKERS } from '../../functions/core/model/scaling.ts';
import { inspect, up } from '../../local/cloud.ts';
import { action, type Call } from '../cloud/call.ts';
import { deploy } from '../cloud/deploy.ts';
import { type Deployment, findDeployment } from '../cloud/deployment.ts';
import { readStatus } from '../cloud/invoke.ts';
import { scale } from '../cloud/scale.ts';
import { readSizing } from '../cloud/sizing.ts';
import { clearEarlierRuns, NEVER_ABORTED } from '../runs/control-run.ts';
import { saveReport, scalingReport, scalingTable } from '../runs/scaling-report.ts';
import { defaultJobs, type Measurement, measure } from '../runs/scaling-test.ts';
import { CommandError } from '../terminal/errors.ts';
import { elasticsearchUrl, int, intList, jobsPerTick } from '../terminal/options.ts';

interface Options {
  workers: number[];
  x?: number;
  workMs?: number;
  replace?: boolean;
  elasticsearch?: string;
}

export function register(program: Command): void {
  program
    .command('scaling-test')
    .summary('measure how throughput grows with the number of workers')
    .description(
      'Runs the same jobs with each number of workers. Prints throughput, speed-up, share per worker, errors and ' +
        'duplicates as a Markdown table, saves a report in reports/, and restores the number of workers.',
    )
    .addOption(
      new Option('--workers <list>', 'numbers of workers; speed-ups are relative to the first')
        .argParser(intList(1, MAX_WORKERS))
        .default([1, 2, 4], '1,2,4'),
    )
    .option(
      '--x <jobs>',
      'jobs per measurement (default: 800 × the largest number of workers, at least 2,000)',
      jobsPerTick,
    )
    .option(
      '--work-ms <n>',
      'time that a job waits, in milliseconds; deploys if it differs from the deployed time',
      int(0, 600_000),
    )
    .option(
      '--elasticsearch <url>',
      'your own Elasticsearch 8, if the local cloud must be started',
      elasticsearchUrl,
    )
    .option('--replace', 'stop the active run, if there is one')
    .addHelpText('after', '\nExample:\n  npx drumline scaling-test --workers 1,2,4,8 --work-ms 100')
    .action(action(run));
}

async function run(call: Call, options: Options): Promise<number> {
  const { output, target, signal } = call;
  const deployment = await ensureDeployed(call, options);
  await requireNoRun(call, deployment, options.replace ?? false);
  const { rule } = (await readStatus(deployment, signal)).scaling;
  const { batchSize, jobsPerMessage, jobConcurrency } = await readSizing(deployment, signal);
  const settings = { workMs: deployment.workMs, batchSize, jobsPerMessage, jobConcurrency };
  const jobs = options.x ?? defaultJobs(options.workers);
  const measurements: Measurement[] = [];
  try {
    for (const workers of options.workers) {
      const [first] = measurements;
      measurements.push(await measure(call, deployment, settings, { workers, jobs, first }));
    }
  } finally {
    // Restored even after Ctrl-C.
    if (rule) await scale(deployment, NEVER_ABORTED, rule);
  }
  const report = scalingReport(target.name, settings, measurements);
  const files = await saveReport(report);
  output.say(`Report: ${files.markdown}`);
  output.result({ ...report, files }, () => scalingTable(measurements));
  return report.ok ? 0 : 1;
}

/** Deploys what the test needs, unless it is deployed. Starts the local cloud if necessary. */
async function ensureDeployed(call: Call, { workMs, elasticsearch }: Options): Promise<Deployment> {
  const { target, signal, step } = call;
  if (target.name === 'local' && !(await inspect(target.home)).emulator.running) {
    await up(target.home, { elasticsearchUrl: elasticsearch, step, signal });
  }
  const deployment = await findDeployment(target, signal);
  if (deployment && (workMs === undefined || workMs === deployment.workMs)) return deployment;
  const given = {
    ...(workMs !== undefined && { workMs: String(workMs) }),
    ...(elasticsearch !== undefined && { elasticsearchUrl: elasticsearch }),
  };
  return (await deploy(call, given)).deployment;
}

async function requireNoRun(call: Call, deployment: Deployment, replace: boolean): Promise<void> {
  const { running, runId } = await readStatus(deployment, call.signal);
  if (!running || replace) return clearEarlierRuns(call, deployment);
  throw new CommandError(
    'run_active',
    `The run ${runId} is active and would distort the measurement.`,
    `Stop it first (${call.target.command('stop')}), or add --replace.`,
  );
}
