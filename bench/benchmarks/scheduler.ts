import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Command } from 'commander';
import { count } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { readRun, readSchedule } from '../../functions/core/ledger/runs.ts';
import { readDepth } from '../../functions/core/queue/queue.ts';
import { fireScheduler, type Pipeline, startOneTick, withPipeline } from '../../test/fixtures/pipeline.ts';
import { type Benchmark, type Context, type Row, tableOf } from '../harness/benchmark.ts';
import { type Figure, figureOf, figureText, measureInTurn } from '../harness/figures.ts';

interface Options {
  jobs: number[];
  jobsPerMessage: number;
}

/** AWS requests by name, for example `SendMessageBatch`. The SDK's own retries are not counted. */
type Calls = Record<string, number>;

interface SchedulerRow extends Row {
  settings: { jobs: number; jobsPerMessage: number };
  /** From the start of the invocation until the last job is in the queue and the tick is closed. */
  seconds: Figure;
  /** CPU time of this process, user and system. */
  cpuSeconds: Figure;
  /** How many invocations the tick took. */
  invocations: number;
  calls: Calls;
}

/** The scheduler's time limit, in milliseconds (infra-cdk/constructs/scheduler.ts). */
const TIMEOUT_MS = 120_000;

export const scheduler: Benchmark<Options, SchedulerRow> = {
  name: 'scheduler',
  question: 'How long does a tick take to enqueue?',
  method: `The scheduler's own code (\`functions/core/schedule/fire.ts\`) runs in this process, against the emulator's DynamoDB and SQS. A run
with X jobs is started, and its first tick fires. The time ends when the tick is closed. Afterwards the run's
\`enqueued\` must be X, and the queue must hold exactly the messages of X jobs; otherwise the benchmark fails. An invocation
ends at the function's time limit (${TIMEOUT_MS / 1_000} s), and the next one continues.`,

  register(command: Command) {
    command
      .option('--jobs <list>', 'jobs of the tick', intList(1, 1_000_000), [1_000, 10_000, 100_000, 1_000_000])
      .option('--jobs-per-message <n>', 'the setting', int(1, 500), 10);
  },

  async run(context) {
    const { jobs, jobsPerMessage } = context.options;
    const measured = await measureInTurn(jobs, context.rounds, (x) => measure(context, x));
    return [...measured].map(([x, values]) => ({
      benchmark: 'scheduler',
      settings: { jobs: x, jobsPerMessage },
      seconds: figureOf(values.map(({ ms }) => ms / 1_000)),
      cpuSeconds: figureOf(values.map(({ cpuMs }) => cpuMs / 1_000)),
      invocations: Math.max(...values.map(({ invocations }) => invocations)),
      calls: values[0]?.calls ?? {},
    }));
  },

  section(rows) {
    const kinds = [...new Set(rows.flatMap(({ calls }) => Object.keys(calls)))];
    return [
      `From the start of the invocation until all jobs of the tick are in the queue, with ${rows[0]?.settings.jobsPerMessage} jobs per message. More jobs per message take less time. The last columns are the requests that the scheduler sends to DynamoDB and SQS.`,
      tableOf(rows, {
        jobs: ({ settings }) => count(settings.jobs),
        seconds: ({ seconds }) => figureText(seconds, twoDigits),
        'jobs/s': ({ settings, seconds }) => count(settings.jobs / seconds.median),
        'CPU seconds': ({ cpuSeconds }) => figureText(cpuSeconds, twoDigits),
        invocations: ({ invocations }) => count(invocations),
        ...Object.fromEntries(
          kinds.map((kind) => [kind, ({ calls }: SchedulerRow) => count(calls[kind] ?? 0)]),
        ),
      }),
      'The old RabbitMQ/Redis system enqueued 100,000 jobs in one minute (its own report).',
    ];
  },
};

const twoDigits = (value: number) => value.toFixed(2);

async function measure(context: Context<Options>, x: number) {
  const { jobsPerMessage } = context.options;
  const { aws, elasticsearchUrl } = await context.cloud();
  return withPipeline(aws, elasticsearchUrl, async (pipeline) => {
    const { table, jobs } = pipeline;
    const runId = await startOneTick(table, x);
    const counting = countCalls(pipeline);
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    let invocations = 0;
    for (let unfinished = true; unfinished; invocations++) {
      context.signal.throwIfAborted();
      ({ unfinished } = await fireScheduler(pipeline, { jobsPerMessage, minMessages: 1 }, TIMEOUT_MS));
    }
    const ms = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    const calls = { ...counting };
    const enqueued = (await readRun(table, runId))?.enqueued;
    const { visible } = await readDepth(jobs);
    const { openTicks } = await readSchedule(table);
    if (enqueued !== x || visible !== Math.ceil(x / jobsPerMessage) || openTicks.length > 0)
      throw new Error(
        `${x} jobs were due, ${enqueued} were enqueued, and the queue holds ${visible} messages`,
      );
    context.progress(`${count(x)} jobs: ${(ms / 1_000).toFixed(2)} s`);
    return { ms, cpuMs: (user + system) / 1_000, invocations, calls };
  });
}

/** Counts the requests of a pipeline's DynamoDB and SQS clients from now on. */
function countCalls({ table, jobs }: Pipeline): Calls {
  const calls: Calls = {};
  for (const client of [table.client, jobs.client]) {
    (client as DynamoDBClient).middlewareStack.add(
      (next, context) => (input) => {
        const name = (context.commandName ?? '').replace(/Command$/, '');
        calls[name] = (calls[name] ?? 0) + 1;
        return next(input);
      },
      { step: 'initialize', name: 'countCalls' },
    );
  }
  return calls;
}
