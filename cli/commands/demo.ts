import { type Command, Option } from 'commander';
import { withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { action, type Call } from '../cloud/call.ts';
import { bringUp, requireEmulator } from '../cloud/cloud.ts';
import { MAX_WORKERS } from '../cloud/concurrency.ts';
import { deploy, otherVersion } from '../cloud/deploy.ts';
import { type Deployment, findDeployment } from '../cloud/deployment.ts';
import { shortNameOf } from '../cloud/explain.ts';
import { readStatus, verify } from '../cloud/invoke.ts';
import { fromHere } from '../cloud/localstack.ts';
import { BusyTime } from '../runs/busy-time.ts';
import { followTicks, followUntilLeft } from '../runs/demo-run.ts';
import { drain } from '../runs/drain.ts';
import { clearTheWay, startOwnRun, stopOwnRun } from '../runs/own-run.ts';
import { runReport, runReportText } from '../runs/run-report.ts';
import { canAsk, isConfirmed } from '../terminal/confirm.ts';
import { CommandError } from '../terminal/errors.ts';
import { counted } from '../terminal/figures.ts';
import { elasticsearchUrl, wholeNumber } from '../terminal/options.ts';
import { X, Y } from './start.ts';

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

/** How far the demo has come: what is there to be cleaned up. */
interface State {
  isUp: boolean;
  deployment?: Deployment;
  runId?: string;
}

export function register(program: Command): void {
  program
    .command('demo', { hidden: true })
    .summary('from nothing to a verified run, with one command (npm start)')
    .description(
      'Starts the local cloud, deploys, runs X jobs every Y minutes, verifies that each job is there exactly once, ' +
        'and reports. The local cloud stays up. Exits with 0 only if the verification held.',
    )
    .addOption(new Option('--x <jobs>', 'jobs a tick').argParser(X).default(1_000))
    .addOption(new Option('--y <minutes>', 'minutes from tick to tick').argParser(Y).default(1))
    .option('--workers <n>', 'workers at a time', wholeNumber(1, MAX_WORKERS), 2)
    .option('--ticks <n>', 'how many ticks', wholeNumber(1, 1_000), 1)
    .option(
      '--work-ms <n>',
      'how long a job waits, in milliseconds, to stand for I/O',
      wholeNumber(0, 600_000),
      100,
    )
    .option(
      '--follow',
      'show the live status until Ctrl-C or q, whatever the ticks; then stop, verify and report',
    )
    .option(
      '--elasticsearch <url>',
      'use your own Elasticsearch 8 instead of installing one',
      elasticsearchUrl,
    )
    .option('--yes', 'don’t ask whether an active run may be stopped')
    .addHelpText(
      'after',
      '\nExample: three ticks of 5,000 jobs, four workers\n  npm start -- --x 5000 --ticks 3 --workers 4',
    )
    .action(action(run));
}

async function run(call: Call, options: Options): Promise<number> {
  requireEmulator(call, 'demo');
  const { output } = call;
  const state: State = { isUp: false };
  try {
    const { lost } = await bringUp(call, options.elasticsearch);
    state.isUp = true;
    if (lost) output.say(output.messageColors.yellow(lost));
    await mayReplace(call, options.yes ?? false);
    const { deployment } = await deploy(call, {
      concurrency: String(options.workers),
      workMs: String(options.workMs),
      ...(options.elasticsearch !== undefined && { elasticsearchUrl: options.elasticsearch }),
    });
    state.deployment = deployment;
    await clearTheWay(call, deployment);
    state.runId = await startOwnRun(deployment, options.x, options.y);
    const every = options.y === 1 ? 'every minute' : `every ${options.y} minutes`;
    output.say(
      `Run ${state.runId}: ${counted(options.x, 'job')} ${every}, ${counted(options.workers, 'worker')}.`,
    );
    return await finish(call, deployment, state.runId, options);
  } catch (error) {
    await leave(call, state);
    throw error;
  }
}

/** Follows the run to its end, stops it, verifies it, and reports. */
async function finish(call: Call, deployment: Deployment, runId: string, options: Options): Promise<number> {
  const { output } = call;
  const busy = new BusyTime();
  const after = options.follow
    ? await followUntilLeft(call, deployment, runId, busy)
    : await followTicks(call, deployment, runId, options, busy);
  await stopOwnRun(deployment, runId);
  // Sampled on: the last jobs are counted while it drains.
  const status = await drain(after, deployment, runId, (sampled) => busy.sample(sampled));
  const verification = await verify(deployment, after.signal, runId);
  const report = runReport(status, verification, busy.ms);
  output.result(
    report,
    () => `\n${runReportText(report, output.colors)}\n\n${whatNext(call, deployment, runId)}`,
  );
  return report.ok ? 0 : 1;
}

/** A run of an earlier demo may be stopped, but nothing tells it from one that is wanted: a person is asked. */
async function mayReplace(call: Call, yes: boolean): Promise<void> {
  // Before anything is deployed: that would change the number of workers under the run.
  const deployment = await findDeployment(call.target, call.signal).catch(otherVersion);
  if (!deployment) return;
  const { running, runId } = await readStatus(deployment, call.signal);
  if (!running) return;
  if (await isConfirmed(call, `The run ${runId} is active. Stop it?`, yes || !canAsk())) return;
  throw new CommandError('run_active', `The run ${runId} is active.`, call.target.command('status --watch'));
}

/** The demo ends before its end: the run it has started does not go on behind its back. */
async function leave({ output, target }: Call, { isUp, deployment, runId }: State): Promise<void> {
  if (deployment && runId !== undefined) {
    const said = await stopOwnRun(deployment, runId).then(
      () => `The run ${runId} is stopped; what is enqueued is still worked off.`,
      () => `The run ${runId} could not be stopped; ${target.command('stop')} does it.`,
    );
    output.say(said);
  }
  if (isUp && target.isManaged)
    output.say(`${shortNameOf(target)} stays up; ${target.command('down')} stops it.`);
}

function whatNext({ target }: Call, { elasticsearchUrl: url, index }: Deployment, runId: string): string {
  const commands = {
    'start --x 5000 --y 1': 'a run that goes on',
    'status --watch': 'how it stands, live',
    'scale 4': 'four workers, at once',
    'logs --follow': 'what the functions say',
    'stop --wait': 'end the run',
    ...(target.isManaged && {
      down: target.name === 'local' ? 'stop the local cloud; its data is kept' : 'stop LocalStack',
    }),
  };
  const width = Math.max(...Object.keys(commands).map((words) => target.command(words).length));
  const lines = Object.entries(commands).map(
    ([words, what]) => `  ${target.command(words).padEnd(width)}  ${what}`,
  );
  const search = `curl '${withoutCredentials(fromHere(target, url))}/${index}/_search?q=runId:${runId}&size=3&pretty'`;
  return [`${shortNameOf(target)} stays up. To try next:`, ...lines, `The results: ${search}`].join('\n');
}
