import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Command } from 'commander';
import type { Deployment } from '../../cli/cloud/deployment.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import type { RunId } from '../../functions/core/model/ids.ts';
import type { Status } from '../../functions/status.ts';
import { count } from '../../text/format.ts';
import type { Benchmark, Context, Row } from '../benchmark.ts';
import { type Figure, figureOf, figureText, quantile } from '../figure.ts';
import type { OwnCloud } from '../own-cloud.ts';
import { inTurn } from '../rounds.ts';
import { type Past, writePast } from './ledger.ts';

interface Options {
  workers: number[];
  gone: number;
  jobs: number;
  reads: number;
}

type Way = 'handler' | 'invoke';

export interface StatusRow extends Row {
  way: Way;
  settings: { workers: number; gone: number; jobs: number };
  /** Milliseconds of one read, from asking to having the answer. */
  p50: Figure;
  p99: Figure;
  max: Figure;
}

/** A run with its past, which is asked for in one of the ways. */
interface Case {
  way: Way;
  past: Past;
  runId: RunId;
}

const STAGE = 'status';
const WARM_UP = 20;

export const status: Benchmark<Options, StatusRow> = {
  name: 'status',
  title: 'How long a status takes',
  about: `The status function is asked for a run, again and again, one question at a time: its *handler* in this process, against the
emulator's DynamoDB, SQS and Lambda; and the deployed function by *invoke*, which adds the emulator's way of running functions. The runs'
pasts are written into the deployed ledger by the ledger's own code beforehand: workers that have each counted a job, environments that
have come, a hundred at a time, counted a job and gone, a million jobs counted message by message. All of them lie in
one table while all are measured.`,

  register(command: Command) {
    command
      .option('--workers <list>', 'workers counted one by one', intList(1, 10_000), [1, 100, 1_000])
      .option('--gone <n>', 'environments that have come and gone', int(0, 1_000_000), 5_000)
      .option('--jobs <n>', 'jobs that are done', int(0, 10_000_000), 1_000_000)
      .option('--reads <n>', 'reads a round', int(10, 100_000), 200);
  },

  async run(context) {
    const { options, rounds } = context;
    const cloud = await context.cloud();
    const { deployment } = await cloud.deploy({}, STAGE);
    const pasts: Past[] = [
      ...options.workers.map((workers) => ({ workers, gone: 0, jobs: 0 })),
      ...(options.gone > 0 ? [{ workers: 1, gone: options.gone, jobs: 0 }] : []),
      ...(options.jobs > 0 ? [{ workers: 100, gone: 0, jobs: options.jobs }] : []),
    ];
    const client = DynamoDBDocumentClient.from(new DynamoDBClient(cloud.aws));
    const table = { name: deployment.table, client, conflictDelayMs: 25 };
    const cases: Case[] = [];
    for (const past of pasts) {
      const runId = await context.step(`Writing the past of ${nameOf(past)}`, () => writePast(table, past));
      for (const way of ['handler', 'invoke'] as const) cases.push({ way, past, runId });
    }
    client.destroy();
    const ask = { handler: await openHandler(cloud, deployment), invoke: invoking(cloud, deployment) };
    const measured = await inTurn(cases, rounds, (one) => measure(context, ask[one.way], one));
    return [...measured].map(([{ way, past }, values]) => ({
      benchmark: 'status',
      way,
      settings: { ...past },
      p50: figureOf(values.map((sorted) => quantile(sorted, 0.5))),
      p99: figureOf(values.map((sorted) => quantile(sorted, 0.99))),
      max: figureOf(values.map((sorted) => quantile(sorted, 1))),
    }));
  },

  section(rows) {
    const ways = [...new Set(rows.map(({ way }) => way))];
    const pasts = rows.filter(({ way }) => way === ways[0]).map(({ settings }) => nameOf(settings));
    return {
      tables: [
        {
          heads: ['the run has', 'asked', 'p50 ms', 'p99 ms', 'max ms'],
          aligns: ['left', 'left', 'right', 'right', 'right'],
          rows: rows.map(({ way, settings, p50, p99, max }) => [
            nameOf(settings),
            way,
            ...[p50, p99, max].map((figure) => figureText(figure, (ms) => ms.toFixed(1))),
          ]),
        },
      ],
      charts: [
        {
          name: 'status',
          title: 'A status read, 99 of 100 are faster',
          kind: 'bars',
          x: { title: 'the run has', values: pasts },
          y: { title: 'milliseconds' },
          series: ways.map((name) => ({
            name,
            values: rows.filter(({ way }) => way === name).map(({ p99 }) => p99),
          })),
        },
      ],
      remarks: 'The old system’s status took 4.95 ms on average and 13.3 at most; it had to be below 200.',
    };
  },
};

function nameOf({ workers, gone, jobs }: Past): string {
  if (gone > 0) return `${count(gone)} workers come and gone`;
  if (jobs > 0) return `${count(jobs)} jobs done`;
  return workers === 1 ? '1 worker' : `${count(workers)} workers`;
}

type Ask = (runId: RunId) => Promise<Status>;

/** @returns the times of a round, ascending, in milliseconds @throws Error when an answer is not that of the run */
async function measure(
  { options, progress, signal }: Context<Options>,
  ask: Ask,
  one: Case,
): Promise<number[]> {
  const { runId, past, way } = one;
  const times: number[] = [];
  for (let at = -WARM_UP; at < options.reads; at++) {
    signal.throwIfAborted();
    const begun = performance.now();
    const { workers, retiredWorkers, processed } = await ask(runId);
    const ms = performance.now() - begun;
    if (workers.length + retiredWorkers.count !== past.workers + past.gone)
      throw new Error(`the status has ${workers.length} workers and ${retiredWorkers.count} gone`);
    if (processed !== past.workers + past.gone + past.jobs)
      throw new Error(`the status has ${processed} processed jobs of ${past.jobs}`);
    if (at >= 0) times.push(ms);
  }
  times.sort((one, other) => one - other);
  progress(`${nameOf(past)}, ${way}: ${quantile(times, 0.5).toFixed(1)} ms`);
  return times;
}

function invoking({ aws }: OwnCloud, { functions }: Deployment): Ask {
  const lambda = new LambdaClient(aws);
  return async (runId) => {
    const { Payload, FunctionError } = await lambda.send(
      new InvokeCommand({
        FunctionName: functions.status,
        Payload: JSON.stringify({ runId }),
      }),
    );
    const answer = Buffer.from(Payload ?? []).toString();
    if (FunctionError) throw new Error(`the status function failed: ${answer}`);
    return JSON.parse(answer);
  };
}

/** The function's own module, which reads its settings from the environment as it is loaded. */
async function openHandler({ aws }: OwnCloud, deployment: Deployment): Promise<Ask> {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_REGION: aws.region,
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    DRUMLINE_TABLE: deployment.table,
    DRUMLINE_JOBS_QUEUE: deployment.jobsQueueUrl,
    DRUMLINE_DEAD_LETTER_QUEUE: deployment.deadLetterQueueUrl,
    DRUMLINE_CONSUMER: deployment.functions.consumer,
  });
  const { handler } = await import('../../functions/status.ts');
  const context = { awsRequestId: 'bench', functionName: 'bench' } as Parameters<typeof handler>[1];
  return async (runId) => (await handler({ runId }, context)) as Status;
}
