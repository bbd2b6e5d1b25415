import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Command } from 'commander';
import { deploy } from '../../cli/cloud/deploy.ts';
import type { Deployment } from '../../cli/cloud/deployment.ts';
import { readStatus } from '../../cli/cloud/invoke.ts';
import { count, counted } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import type { RunId } from '../../functions/core/model/ids.ts';
import type { Status } from '../../functions/status.ts';
import { variablesOf } from '../../test/fixtures/pipeline.ts';
import { type Benchmark, type Context, type Row, type Section, tableOf } from '../harness/benchmark.ts';
import { type Figure, figureOf, figureText, measureInTurn, quantile } from '../harness/figures.ts';
import type { OwnCloud } from '../harness/own-cloud.ts';
import { type RunHistory, writeHistory } from './run-history.ts';

interface Options {
  workers: number[];
  retired: number;
  jobs: number;
  reads: number;
}

/** How the status function is called: its handler in this process, or the deployed function. */
type Access = 'handler' | 'invoke';

interface StatusRow extends Row {
  access: Access;
  settings: RunHistory;
  /** Milliseconds of one read, from the question to the answer. */
  p50: Figure;
  p99: Figure;
}

interface Case {
  access: Access;
  history: RunHistory;
  runId: RunId;
}

const STAGE = 'status';
const WARM_UP_READS = 20;

export const status: Benchmark<Options, StatusRow> = {
  name: 'status',
  question: 'What does a status read cost?',
  method: `The status function is asked about a run again and again, one question at a time. *handler* calls its handler in this process,
against the emulator's DynamoDB, SQS and Lambda. *invoke* calls the deployed function, which adds the time that the emulator needs to
run a function. Before that, the ledger's own code writes the history of each run into the deployed ledger: workers that
have each counted one job; workers that have counted one job and retired; jobs counted message by message. All runs are
in the same table.`,

  register(command: Command) {
    command
      .option('--workers <list>', 'numbers of workers of a run', intList(1, 10_000), [1, 100, 1_000])
      .option('--retired <n>', 'retired workers of a further run', int(0, 1_000_000), 5_000)
      .option('--jobs <n>', 'processed jobs of a further run', int(0, 10_000_000), 1_000_000)
      .option('--reads <n>', 'reads per round', int(10, 100_000), 200);
  },

  async run(context) {
    const { workers, retired, jobs } = context.options;
    const cloud = await context.cloud();
    const { deployment } = await deploy(cloud.call(STAGE), {});
    const histories: RunHistory[] = [
      ...workers.map((each) => ({ workers: each, retired: 0, jobs: 0 })),
      ...(retired > 0 ? [{ workers: 1, retired, jobs: 0 }] : []),
      ...(jobs > 0 ? [{ workers: 100, retired: 0, jobs }] : []),
    ];
    const client = DynamoDBDocumentClient.from(new DynamoDBClient(cloud.aws));
    const table = { name: deployment.table, client, conflictDelayMs: 25 };
    const cases: Case[] = [];
    for (const history of histories) {
      const write = () => writeHistory(table, history);
      const runId = await context.step(`Writing the history of a run with ${nameOf(history)}`, write);
      for (const access of ['handler', 'invoke'] as const) cases.push({ access, history, runId });
    }
    client.destroy();
    const ask: Record<Access, Ask> = {
      handler: await openHandler(cloud, deployment),
      invoke: (runId) => readStatus(deployment, context.signal, runId),
    };
    const measured = await measureInTurn(cases, context.rounds, (one) => measure(context, ask, one));
    return [...measured].map(([{ access, history }, values]) => ({
      benchmark: 'status',
      access,
      settings: history,
      p50: figureOf(values.map((sorted) => quantile(sorted, 0.5))),
      p99: figureOf(values.map((sorted) => quantile(sorted, 0.99))),
    }));
  },

  section(rows): Section {
    const runs = [...new Set(rows.map(({ settings }) => nameOf(settings)))];
    const text = (access: Access, figure: 'p50' | 'p99') => (name: string) => {
      const row = rows.find((row) => row.access === access && nameOf(row.settings) === name);
      return row ? figureText(row[figure], (ms) => ms.toFixed(1)) : '–';
    };
    return [
      'Milliseconds until a status has its answer. p99: 99 of 100 reads take less. A read costs a fixed number of requests plus the counters of the workers; processed jobs and retired workers add nothing.',
      tableOf(runs, {
        'the run has': (name) => name,
        'handler p50': text('handler', 'p50'),
        'handler p99': text('handler', 'p99'),
        'invoke p50': text('invoke', 'p50'),
        'invoke p99': text('invoke', 'p99'),
      }),
      'The old RabbitMQ/Redis system’s status took 4.95 ms on average and 13.3 ms at most (its own report). Drumline’s status is slower, because it asks DynamoDB, SQS and Lambda over HTTP.',
    ];
  },
};

function nameOf({ workers, retired, jobs }: RunHistory): string {
  if (retired > 0) return `${count(retired)} retired workers`;
  if (jobs > 0) return `${count(jobs)} processed jobs`;
  return counted(workers, 'worker');
}

type Ask = (runId: RunId) => Promise<Status>;

/** @returns the times of one round in milliseconds, ascending @throws Error if an answer has the wrong numbers */
async function measure(
  context: Context<Options>,
  ask: Record<Access, Ask>,
  { runId, history, access }: Case,
): Promise<number[]> {
  const expectedWorkers = history.workers + history.retired;
  const expectedJobs = expectedWorkers + history.jobs;
  const times: number[] = [];
  for (let at = -WARM_UP_READS; at < context.options.reads; at++) {
    context.signal.throwIfAborted();
    const startedAt = performance.now();
    const { workers, retiredWorkers, processed } = await ask[access](runId);
    const ms = performance.now() - startedAt;
    if (workers.length + retiredWorkers.count !== expectedWorkers || processed !== expectedJobs)
      throw new Error(
        `the status has ${workers.length} workers, ${retiredWorkers.count} retired workers and ${processed} processed jobs; the run has ${expectedWorkers} workers and ${expectedJobs} jobs`,
      );
    if (at >= 0) times.push(ms);
  }
  times.sort((a, b) => a - b);
  context.progress(`${nameOf(history)}, ${access}: ${quantile(times, 0.5).toFixed(1)} ms`);
  return times;
}

/** Imports the function's module, which reads the environment when it is loaded. */
async function openHandler({ aws }: OwnCloud, deployment: Deployment): Promise<Ask> {
  Object.assign(process.env, {
    ...variablesOf(aws),
    DRUMLINE_TABLE: deployment.table,
    DRUMLINE_JOBS_QUEUE: deployment.jobsQueueUrl,
    DRUMLINE_DEAD_LETTER_QUEUE: deployment.deadLetterQueueUrl,
    DRUMLINE_CONSUMER: deployment.functions.consumer,
  });
  const { handler } = await import('../../functions/status.ts');
  const context = { awsRequestId: 'bench', functionName: 'bench' } as Parameters<typeof handler>[1];
  return async (runId) => (await handler({ runId }, context)) as Status;
}
