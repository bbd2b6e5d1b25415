import { type Command, Option } from 'commander';
import { MAX_WORKERS } from '../../functions/core/model/scaling.ts';
import { withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { action, type Call } from '../cloud/call.ts';
import { deploy } from '../cloud/deploy.ts';
import { type Deployment, findCurrentDeployment } from '../cloud/deployment.ts';
import { readStatus, verify } from '../cloud/invoke.ts';
import { requireEmulator, startCloud } from '../cloud/lifecycle.ts';
import type { GivenSettings } from '../cloud/settings.ts';
import { cloudName, elasticsearchUrlFromHost } from '../cloud/target.ts';
import { type ServedDashboard, serveDashboard } from '../dashboard/serve-dashboard.ts';
import { clearEarlierRuns, startRun, stopRun } from '../runs/control-run.ts';
import { followTicks, followUntilInterrupted } from '../runs/demo-run.ts';
import { drainRun } from '../runs/follow-run.ts';
import { runReport, runReportText } from '../runs/run-report.ts';
import { BusyTime } from '../runs/statistics.ts';
import { canAsk, isConfirmed } from '../terminal/confirm.ts';
import { CommandError } from '../terminal/errors.ts';
import { counted } from '../terminal/format.ts';
import { int, jobsPerTick, minutesBetweenTicks, ownElasticsearchOption } from '../terminal/options.ts';

interface Options {
  x: number;
  y: number;
  workers: number;
  ticks: number;
  workMs: number;
  follow?: boolean;
  elasticsearch?: string;
  yes?: boolean;
}

/** What the demo has started, for the cleanup after an error. */
interface State {
  isUp: boolean;
  deployment?: Deployment;
  runId?: string;
}

export function register(program: Command): void {
  program
    .command('demo', { hidden: true })
    .summary('start everything, run jobs and verify them (npm start)')
    .description(
      'Starts the local cloud, deploys, runs X jobs every Y minutes, verifies that each job was counted exactly once, ' +
        'and prints a report. The local cloud keeps running. Exits with 0 if the verification succeeds, otherwise with 1.',
    )
    .addOption(new Option('--x <jobs>', 'jobs per tick').argParser(jobsPerTick).default(1_000))
    .addOption(new Option('--y <minutes>', 'minutes between ticks').argParser(minutesBetweenTicks).default(1))
    .option('--workers <n>', 'maximum number of concurrent workers', int(1, MAX_WORKERS), 2)
    .option('--ticks <n>', 'number of ticks', int(1, 1_000), 1)
    .option('--work-ms <n>', 'time that a job waits, in milliseconds', int(0, 600_000), 100)
    .option(
      '--follow',
      'show the live status until Ctrl-C or q (ignores --ticks), then stop, verify and report',
    )
    .addOption(ownElasticsearchOption())
    .option('--yes', 'stop an active run without asking')
    .addHelpText(
      'after',
      '\nExample: three ticks of 5,000 jobs with four workers\n  npm start -- --x 5000 --ticks 3 --workers 4',
    )
    .action(action(run));
}

async function run(call: Call, options: Options): Promise<number> {
  requireEmulator(call, 'demo');
  const { output } = call;
  const state: State = { isUp: false };
  try {
    // The deployment does not need Elasticsearch, which takes longer to start than the emulator.
    const { lost } = await startCloud(call, options.elasticsearch, async (elasticsearch) => {
      state.isUp = true;
      await confirmReplacement(call, options.yes ?? false, elasticsearch);
      await deploy(call, settingsOf(call, options));
    });
    if (lost) output.say(output.messageColors.yellow(lost));
    const deployment = await call.deployment();
    state.deployment = deployment;
    await clearEarlierRuns(call, deployment);
    state.runId = await startRun(deployment, options.x, options.y);
    const every = options.y === 1 ? 'every minute' : `every ${options.y} minutes`;
    output.say(
      `Run ${state.runId}: ${counted(options.x, 'job')} ${every}, ${counted(options.workers, 'worker')}.`,
    );
    return await finish(call, deployment, state.runId, options);
  } catch (error) {
    await cleanUp(call, state);
    throw error;
  }
}

/** Follows the run to its end, stops it, verifies it, and reports. */
async function finish(call: Call, deployment: Deployment, runId: string, options: Options): Promise<number> {
  const { output } = call;
  const busy = new BusyTime();
  let dashboard: Promise<ServedDashboard> | undefined;
  // It is the user's own demo, so the page may change it.
  const openDashboard = async () => {
    dashboard ??= serveDashboard(call, deployment, { port: 0, writable: true });
    const { address, open } = await dashboard;
    return (await open()) ? `Dashboard: ${address}` : `Open the dashboard yourself: ${address}`;
  };
  const after = options.follow
    ? await followUntilInterrupted(call, deployment, runId, busy, openDashboard)
    : await followTicks(call, deployment, runId, options, busy);
  await dashboard?.then(
    ({ close }) => close(),
    () => {},
  );
  await stopRun(deployment, runId);
  // The last jobs are counted while the run drains.
  const status = await drainRun(after, deployment, runId, (sampled) => busy.sample(sampled));
  const verification = await verify(deployment, after.signal, runId);
  const report = runReport(status, verification, busy.ms);
  output.result(
    report,
    () => `\n${runReportText(report, output.colors)}\n\n${whatNext(call, deployment, runId)}`,
  );
  return report.ok ? 0 : 1;
}

function settingsOf({ target }: Call, { workers, workMs, elasticsearch }: Options): GivenSettings {
  // The local cloud's own Elasticsearch has to be named here, because it may not be running yet.
  const url = elasticsearch ?? (target.name === 'local' ? target.home.elasticsearchUrl : undefined);
  return {
    concurrency: String(workers),
    workMs: String(workMs),
    ...(url !== undefined && { elasticsearchUrl: url }),
  };
}

/**
 * Asks before it stops an active run, which may be needed.
 * @param elasticsearch resolves when Elasticsearch runs; until then its progress is shown where the question would be
 */
async function confirmReplacement(call: Call, yes: boolean, elasticsearch: Promise<unknown>): Promise<void> {
  // This comes before the deployment, which would change the run's number of workers.
  const deployment = await findCurrentDeployment(call.target, call.signal);
  if (!deployment) return;
  const { running, runId } = await readStatus(deployment, call.signal);
  if (!running) return;
  await elasticsearch;
  if (await isConfirmed(call, `The run ${runId} is active. Stop it?`, yes || !canAsk())) return;
  throw new CommandError('run_active', `The run ${runId} is active.`, call.target.command('status --watch'));
}

/** Stops the demo's run after an error or Ctrl-C. */
async function cleanUp({ output, target }: Call, { isUp, deployment, runId }: State): Promise<void> {
  if (deployment && runId !== undefined) {
    const message = await stopRun(deployment, runId).then(
      () => `The run ${runId} is stopped. Enqueued jobs are still processed.`,
      () => `The run ${runId} could not be stopped. Stop it: ${target.command('stop')}`,
    );
    output.say(message);
  }
  if (isUp && target.isManaged)
    output.say(`${cloudName(target)} keeps running. Stop it: ${target.command('down')}`);
}

function whatNext({ target }: Call, { elasticsearchUrl: url, index }: Deployment, runId: string): string {
  const commands = {
    'start --x 5000 --y 1': 'start a run',
    'dashboard --write': 'watch and control it in the browser',
    'status --watch': 'watch its status',
    'scale 4': 'scale to four workers',
    'logs --follow': 'follow the logs of the functions',
    'stop --wait': 'stop the run, and wait for its last job',
    ...(target.isManaged && {
      down: target.name === 'local' ? 'stop the local cloud; its data is kept' : 'stop LocalStack',
    }),
  };
  const width = Math.max(...Object.keys(commands).map((words) => target.command(words).length));
  const lines = Object.entries(commands).map(
    ([words, what]) => `  ${target.command(words).padEnd(width)}  ${what}`,
  );
  const search = `curl '${withoutCredentials(elasticsearchUrlFromHost(target, url))}/${index}/_search?q=runId:${runId}&size=3&pretty'`;
  return [`${cloudName(target)} keeps running. Next you can try:`, ...lines, `The results: ${search}`].join(
    '\n',
  );
}
