import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Command } from 'commander';
import { deploy } from '../../cli/cloud/deploy.ts';
import type { Deployment } from '../../cli/cloud/deployment.ts';
import { readRunsPage, readStatus, readTicks } from '../../cli/cloud/invoke.ts';
import { count, counted } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import type { RunId } from '../../functions/core/model/ids.ts';
import type { Status } from '../../functions/status.ts';
import { logReadingPerDay, pollingPerDay, usageOfPoll } from '../../plan/polling.ts';
import { dollarsOf, totalDollars } from '../../plan/prices.ts';
import { variablesOf } from '../../test/fixtures/pipeline.ts';
import { type Benchmark, type Context, type Row, type Section, tableOf } from '../harness/benchmark.ts';
import { bundleScript } from '../harness/bundled-process.ts';
import { type Figure, figureOf, figureText, measureInTurn, quantile } from '../harness/figures.ts';
import type { OwnCloud } from '../harness/own-cloud.ts';
import { startMeter } from './request-meter.ts';
import { type RunHistory, writeHistory, writeRuns } from './run-history.ts';

interface Options {
  workers: number[];
  retired: number;
  jobs: number;
  ticks: number;
  runs: number;
  reads: number;
}

/** How the status function is called: its handler in this process, or the deployed function. */
type Access = 'handler' | 'invoke';

/** What is asked: how a run is, or for a page of its ticks, or of all runs. */
type Question = 'status' | 'ticks' | 'runs';

interface StatusRow extends Row {
  access: Access;
  question: Question;
  settings: RunHistory & { runs?: number };
  /** Bytes of the answer, and the read units that DynamoDB bills for it. */
  bytes: number;
  readUnits: number;
  /** Milliseconds of one read, from the question to the answer. */
  p50: Figure;
  p99: Figure;
}

/** A question, what it is asked about, and what its answer took. */
interface Case extends Pick<StatusRow, 'question' | 'settings'> {
  runId?: RunId;
}

/** Elements of a page that is asked for. */
const PAGE = { ticks: 100, runs: 20 };

const STAGE = 'status';
const WARM_UP_READS = 20;

export const status: Benchmark<Options, StatusRow> = {
  name: 'status',
  question: 'What does a status read cost?',
  method: `The status function is asked about a run again and again, one question at a time. *handler* calls its handler in this process,
against the emulator's DynamoDB, SQS and Lambda. *invoke* calls the deployed function, which adds the time that the emulator needs to
run a function. Before that, the ledger's own code writes the history of each run into the deployed ledger: workers that
have each counted one job; workers that have counted one job and retired; jobs counted message by message; ticks with one
pending job each; runs without a tick. All runs are in the same table. One more question
of each kind goes through a proxy that adds ReturnConsumedCapacity: the emulator computes the read units as AWS documents them.`,

  register(command: Command) {
    command
      .option('--workers <list>', 'numbers of workers of a run', intList(1, 10_000), [1, 100, 1_000])
      .option('--retired <n>', 'retired workers of a further run', int(0, 1_000_000), 5_000)
      .option('--jobs <n>', 'processed jobs of a further run', int(0, 10_000_000), 1_000_000)
      .option('--ticks <n>', 'ticks of a further run', int(0, 100_000), 1_000)
      .option('--runs <n>', 'further runs without a tick', int(0, 100_000), 1_000)
      .option('--reads <n>', 'reads per round', int(10, 100_000), 200);
  },

  async run(context) {
    const { workers, retired, jobs, ticks, runs } = context.options;
    const cloud = await context.cloud();
    const { deployment } = await deploy(cloud.call(STAGE), {});
    const histories: RunHistory[] = [
      ...workers.map((each) => ({ workers: each, retired: 0, jobs: 0 })),
      ...(retired > 0 ? [{ workers: 1, retired, jobs: 0 }] : []),
      ...(jobs > 0 ? [{ workers: 100, retired: 0, jobs }] : []),
      ...(ticks > 0 ? [{ workers: 100, retired: 0, jobs: 0, ticks }] : []),
    ];
    const client = DynamoDBDocumentClient.from(new DynamoDBClient(cloud.aws));
    const table = { name: deployment.table, client, conflictDelayMs: 25 };
    const cases: Case[] = [];
    for (const settings of histories) {
      const write = () => writeHistory(table, settings);
      const runId = await context.step(`Writing the history of a run with ${nameOf(settings)}`, write);
      cases.push({ question: 'status', settings, runId });
      if (settings.ticks !== undefined) cases.push({ question: 'ticks', settings, runId });
    }
    if (runs > 0) {
      await context.step(`Writing ${counted(runs, 'run')}`, () => writeRuns(table, runs));
      cases.push({ question: 'runs', settings: { workers: 0, retired: 0, jobs: 0, runs } });
    }
    client.destroy();
    const variables = await variablesOfFunction(cloud, deployment);
    const ask: Record<Access, Ask> = {
      handler: await openHandler(variables(cloud.aws.endpoint)),
      invoke: (one) => invokeStatus(deployment, context.signal, one),
    };
    const asked = cases.flatMap((one) => (['handler', 'invoke'] as const).map((access) => ({ access, one })));
    const measured = await measureInTurn(asked, context.rounds, ({ access, one }) =>
      measure(context, access, ask[access], one),
    );
    // The meter is slow, so nothing is timed from here on.
    const meter = await startMeter(cloud.aws.endpoint);
    context.atEnd(() => meter.stop());
    const script = await bundleScript(join(import.meta.dirname, 'status-process.ts'));
    context.atEnd(script.remove);
    const sizes = new Map<Case, Pick<StatusRow, 'bytes' | 'readUnits'>>();
    for (const one of cases) {
      meter.reset();
      const answer = await script.run<object>(queryOf(one), variables(meter.url), context.signal);
      requireRight(one, answer);
      const bytes = Buffer.byteLength(JSON.stringify(answer));
      sizes.set(one, { bytes, readUnits: meter.counted.usage.ledgerReadUnits });
    }
    return [...measured].map(([{ access, one }, values]) => ({
      benchmark: 'status',
      access,
      question: one.question,
      settings: one.settings,
      ...(sizes.get(one) as Pick<StatusRow, 'bytes' | 'readUnits'>),
      p50: figureOf(values.map((times) => quantile(times, 0.5))),
      p99: figureOf(values.map((times) => quantile(times, 0.99))),
    }));
  },

  section(rows): Section {
    const asked = rows.filter(({ access }) => access === 'handler');
    const text = (access: Access, figure: 'p50' | 'p99') => (one: StatusRow) => {
      const row = rows.find((row) => row.access === access && titleOf(row) === titleOf(one));
      return row ? figureText(row[figure], (ms) => ms.toFixed(1)) : '–';
    };
    return [
      `Milliseconds until a question to the status function has its answer; 99 of 100 answers take less than p99. Then what one answer takes, and the dollars per day on AWS of a status every ${POLL_SECONDS} s.`,
      tableOf(asked, {
        asked: titleOf,
        'handler p50': text('handler', 'p50'),
        'handler p99': text('handler', 'p99'),
        'invoke p50': text('invoke', 'p50'),
        bytes: ({ bytes }) => count(bytes),
        'read units': ({ readUnits }) => count(readUnits),
        '$ a day': (row) => (row.question === 'status' ? dollarsPerDay(row).toFixed(2) : '–'),
      }),
      'A status costs a fixed number of requests, plus the counters of the workers, plus a binary search of the ticks while jobs are pending. Processed jobs, retired workers and other runs add nothing. A page of ticks is one query, however many ticks there are. A page of runs reads the counters of each of its runs.',
      'What a page that is visible all day costs on AWS, in dollars, from `plan/polling.ts`: the polls, and the log lines, if all workers are busy and the run has had 1,000 ticks. AWS’s free 100 GB of transfer a month are not taken off.',
      tableOf(POLLED_WORKERS, {
        workers: count,
        ...Object.fromEntries(
          POLLED_SECONDS.map((intervalSeconds) => [
            `every ${intervalSeconds} s`,
            (workers: number) => pollingPerDay({ workers, intervalSeconds }).toFixed(2),
          ]),
        ),
        'of that, logs': (workers) => logReadingPerDay(workers).toFixed(2),
      }),
      'The old RabbitMQ/Redis system’s status took 4.95 ms on average and 13.3 ms at most (its own report). Drumline’s status is slower, because it asks DynamoDB, SQS and Lambda over HTTP.',
    ];
  },
};

/** The interval of the column with dollars, and those of the table of pages, in seconds. */
const POLL_SECONDS = 5;
const POLLED_SECONDS = [2, 5, 15, 60];
const POLLED_WORKERS = [1, 10, 100, 1_000];

/** The price of a status every `POLL_SECONDS`, with the bytes and read units that were measured. */
function dollarsPerDay({ bytes, readUnits, settings }: StatusRow): number {
  const usage = { ...usageOfPoll(settings), ledgerReadUnits: readUnits, transferGb: bytes / 1e9 };
  return (totalDollars(dollarsOf(usage)) * 86_400) / POLL_SECONDS;
}

function titleOf({ question, settings }: Pick<StatusRow, 'question' | 'settings'>): string {
  if (question === 'ticks') return `${PAGE.ticks} of ${counted(settings.ticks ?? 0, 'tick')}`;
  if (question === 'runs') return `${PAGE.runs} of ${counted(settings.runs ?? 0, 'run')}`;
  return `status, ${nameOf(settings)}`;
}

function nameOf({ workers, retired, jobs, ticks }: RunHistory): string {
  if (retired > 0) return `${count(retired)} retired workers`;
  if (jobs > 0) return `${count(jobs)} processed jobs`;
  if (ticks !== undefined) return `${count(ticks)} ticks`;
  return counted(workers, 'worker');
}

/** The input of the status function. */
function queryOf({ question, runId }: Case): object {
  if (question === 'ticks') return { ticks: { runId, size: PAGE.ticks } };
  if (question === 'runs') return { runs: { size: PAGE.runs } };
  return { runId };
}

type Ask = (one: Case) => Promise<object>;

/** @returns the times of one round in milliseconds, ascending @throws Error if an answer is wrong */
async function measure(context: Context<Options>, access: Access, ask: Ask, one: Case): Promise<number[]> {
  const times: number[] = [];
  for (let at = -WARM_UP_READS; at < context.options.reads; at++) {
    context.signal.throwIfAborted();
    const startedAt = performance.now();
    const answer = await ask(one);
    const ms = performance.now() - startedAt;
    requireRight(one, answer);
    if (at >= 0) times.push(ms);
  }
  times.sort((a, b) => a - b);
  context.progress(`${titleOf(one)}, ${access}: ${quantile(times, 0.5).toFixed(1)} ms`);
  return times;
}

/** @throws Error if an answer has the wrong numbers */
function requireRight({ question, settings }: Case, answer: object): void {
  if ('error' in answer) throw new Error(`the status function answered ${JSON.stringify(answer.error)}`);
  if (question !== 'status') {
    const elements = (answer as Record<string, unknown[]>)[question]?.length;
    if (elements !== PAGE[question]) throw new Error(`the page has ${elements} ${question}`);
    return;
  }
  const expectedWorkers = settings.workers + settings.retired;
  const expectedJobs = expectedWorkers + settings.jobs;
  const { workers, retiredWorkers, processed, oldestPendingAt } = answer as Status;
  if (workers.length + retiredWorkers.count !== expectedWorkers || processed !== expectedJobs)
    throw new Error(
      `the status has ${workers.length} workers, ${retiredWorkers.count} retired workers and ${processed} processed jobs; the run has ${expectedWorkers} workers and ${expectedJobs} jobs`,
    );
  if (settings.ticks !== undefined && oldestPendingAt === null)
    throw new Error('the status knows no pending job of the ticks');
}

/** Asks the deployed function. */
function invokeStatus(
  deployment: Deployment,
  signal: AbortSignal,
  { question, runId }: Case,
): Promise<object> {
  if (question === 'runs') return readRunsPage(deployment, signal, { size: PAGE.runs });
  if (question === 'ticks' && runId) return readTicks(deployment, signal, { runId, size: PAGE.ticks });
  return readStatus(deployment, signal, runId);
}

/** The environment of the deployed function, for a process that sends its requests to another endpoint. */
async function variablesOfFunction(
  { aws }: OwnCloud,
  { target, functions }: Deployment,
): Promise<(endpoint: string) => Record<string, string>> {
  const { Environment } = await target.clients.lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: functions.status }),
  );
  return (endpoint) => ({ ...Environment?.Variables, ...variablesOf({ ...aws, endpoint }) });
}

/** Imports the function's module, which reads the environment when it is loaded. */
async function openHandler(variables: Record<string, string>): Promise<Ask> {
  Object.assign(process.env, variables);
  const { handler } = await import('../../functions/status.ts');
  const context = { awsRequestId: 'bench', functionName: 'bench' } as Parameters<typeof handler>[1];
  return (one) => handler(queryOf(one), context);
}
