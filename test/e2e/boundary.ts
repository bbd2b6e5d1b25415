import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Client, Transport } from '@elastic/elasticsearch';
import { consume } from '../../functions/core/consume/consume.ts';
import type { Worker } from '../../functions/core/consume/worker.ts';
import { readSchedule, startRun } from '../../functions/core/ledger/runs.ts';
import type { Table } from '../../functions/core/ledger/table.ts';
import { readTotals } from '../../functions/core/ledger/totals.ts';
import { PermanentError } from '../../functions/core/model/errors.ts';
import { type JobId, newRunId, newWorkerId, type RunId } from '../../functions/core/model/ids.ts';
import type { Queue } from '../../functions/core/queue/queue.ts';
import type { WritableResults } from '../../functions/core/results/client.ts';
import { ensureIndex } from '../../functions/core/results/ensure-index.ts';
import { mappingOf } from '../../functions/core/results/mapping.ts';
import type { Scheduler } from '../../functions/core/schedule/enqueue.ts';
import { fire } from '../../functions/core/schedule/fire.ts';
import { verify } from '../../functions/core/verify/verify.ts';
import { createLedgerTable, openWorker } from '../fixtures/pipeline.ts';
import { aws, elasticsearchUrl } from './system.ts';

/** The fault at a call, as seen by the process that makes the call. */
export type Way = 'dies before' | 'dies after' | 'answers late';
export const WAYS: Way[] = ['dies before', 'dies after', 'answers late'];

/** Late answers come after the visibility timeout: by then SQS has delivered the messages in flight a second time. */
const VISIBILITY_SECONDS = 1;
const LATE_MS = 2_500;

/**
 * Injects a fault into one call. It counts the calls of one kind of process. At the chosen call it decides whether the
 * call is executed, and whether the caller receives the answer late or never.
 */
export class Seam {
  /** The names of the calls that were made. */
  readonly calls: string[] = [];
  /** Resolves when the process has died. The process never receives the answer to its call. */
  readonly died: Promise<'died'>;
  #die: (value: 'died') => void = () => {};

  constructor(private readonly fault?: { at: number; way: Way }) {
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  async pass<Answer>(name: string, call: () => Promise<Answer>): Promise<Answer> {
    const at = this.calls.push(name) - 1;
    const way = at === this.fault?.at ? this.fault.way : undefined;
    if (way === 'dies before') return this.#dead();
    const answer = await call();
    if (way === 'dies after') return this.#dead();
    if (way === 'answers late') await sleep(LATE_MS);
    return answer;
  }

  #dead(): Promise<never> {
    this.#die('died');
    return new Promise(() => {});
  }
}

/** One scenario's own table, two queues and index, on the real emulator and the real Elasticsearch. */
interface Scenario {
  table: string;
  jobs: string;
  deadLetters: string;
  index: string;
}

async function createScenario(name: string): Promise<Scenario> {
  const sqs = new SQSClient(aws);
  const queue = async (suffix: string) =>
    (
      await sqs.send(
        new CreateQueueCommand({
          QueueName: `${name}-${suffix}`,
          Attributes: { VisibilityTimeout: String(VISIBILITY_SECONDS) },
        }),
      )
    ).QueueUrl as string;
  await createLedgerTable(new DynamoDBClient(aws), name);
  return { table: name, jobs: await queue('jobs'), deadLetters: await queue('dead'), index: name };
}

/** Deletes the scenario's resources: the cloud may be shared, and Elasticsearch outlives the test. */
async function removeScenario({ table, jobs, deadLetters, index }: Scenario): Promise<void> {
  const sqs = new SQSClient(aws);
  for (const QueueUrl of [jobs, deadLetters]) await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  await new DynamoDBClient(aws).send(new DeleteTableCommand({ TableName: table }));
  await new Client({ node: elasticsearchUrl }).indices.delete({ index });
}

/** The services as one process uses them. Every call can fail. */
function connectThrough(seam: Seam, scenario: Scenario) {
  const tap = <Sdk extends DynamoDBClient | SQSClient>(client: Sdk): Sdk => {
    // Every client's middleware stack accepts this middleware, but the clients' types have no common type for it.
    const stack = client.middlewareStack as SQSClient['middlewareStack'];
    stack.add((next, context) => (args) => seam.pass(String(context.commandName), () => next(args)), {
      step: 'initialize',
      name: 'seam',
    });
    return client;
  };
  class SeamTransport extends Transport {
    // biome-ignore lint/suspicious/noExplicitAny: the overloads of `request` cannot be repeated here
    override request(params: any, options?: any): Promise<any> {
      return seam.pass(`${params.method} ${params.path.replace(scenario.index, '')}`, () =>
        super.request(params, options),
      );
    }
  }
  const table: Table = {
    name: scenario.table,
    client: DynamoDBDocumentClient.from(tap(new DynamoDBClient(aws)), {
      marshallOptions: { removeUndefinedValues: true },
    }),
    conflictDelayMs: 25,
  };
  const sqs = tap(new SQSClient(aws));
  const queue = (url: string): Queue => ({ url, client: sqs, retryDelayMs: 25 });
  const results: WritableResults = {
    index: scenario.index,
    mapping: mappingOf({ list: false, output: 'long' }),
    client: new Client({ node: elasticsearchUrl, Transport: SeamTransport, maxRetries: 0 }),
  };
  return { table, results, sqs, jobs: queue(scenario.jobs), deadLetters: queue(scenario.deadLetters) };
}

/** The scenario's jobs: most succeed, one always fails, and one succeeds at its second attempt. */
const JOBS = 40;
const HOPELESS = 7;
const MOODY = 13;

function jobOnce() {
  const tried = new Set<number>();
  return {
    run: (jobId: number) => {
      if (jobId === HOPELESS) throw new PermanentError('hopeless');
      if (jobId === MOODY && !tried.has(jobId)) {
        tried.add(jobId);
        throw new Error('not in the mood');
      }
      return jobId * jobId;
    },
  };
}

export interface Played {
  schedulerCalls: string[];
  workerCalls: string[];
  verification: Awaited<ReturnType<typeof verify>>;
  /** Every status read during the run whose counters were ahead of `enqueued`. */
  ahead: string[];
  deadLetters: number;
}

/**
 * Plays one run from its first tick to the drained queue, with the real scheduler and two real workers in this process.
 * One of their calls has the fault.
 */
export async function play(
  name: string,
  fault?: { who: 'scheduler' | 'worker'; at: number; way: Way },
): Promise<Played> {
  const scenario = await createScenario(`${name}-${Date.now()}`);
  const calm = connectThrough(new Seam(), scenario);
  await ensureIndex(calm.results);
  const runId = newRunId(Date.now());
  const run = {
    runId,
    x: JOBS,
    y: 1_440,
    pace: 'burst' as const,
    indexing: { index: scenario.index, monthly: false },
    backfillMinutes: 0,
    startedAt: Date.now(),
    firstFreeJobId: 1 as JobId,
  };
  await startRun(calm.table, await readSchedule(calm.table), run);

  const seamFor = (who: 'scheduler' | 'worker') => new Seam(fault?.who === who ? fault : undefined);
  const schedulerSeam = seamFor('scheduler');
  const workerSeam = seamFor('worker');
  const over = { yet: false };
  const ahead: string[] = [];
  const watching = watch(calm.table, runId, over, ahead);
  const job = jobOnce();
  const workers = [workerSeam, new Seam()].map((seam) => runWorker(seam, scenario, job, over));

  await Promise.race([fireOnce(schedulerSeam, scenario), schedulerSeam.died]);
  const verification = await drained(calm, scenario, runId);
  over.yet = true;
  await Promise.all([watching, ...workers]);
  const letters = await calm.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: scenario.deadLetters, MaxNumberOfMessages: 10 }),
  );
  await removeScenario(scenario);
  return {
    schedulerCalls: schedulerSeam.calls,
    workerCalls: workerSeam.calls,
    verification,
    ahead,
    deadLetters: letters.Messages?.length ?? 0,
  };
}

async function fireOnce(seam: Seam, scenario: Scenario): Promise<void> {
  const { table, jobs } = connectThrough(seam, scenario);
  const scheduler: Scheduler = {
    name: newWorkerId(),
    table,
    jobs,
    settings: { jobsPerMessage: 10, minMessages: 1 },
    clock: Date.now,
    sleep: (ms) => sleep(ms),
    startReader: async () => {},
    startAutoscaler: async () => {},
  };
  await fire(scheduler, Date.now(), Date.now() + 120_000);
}

/** Polls the queue as Lambda does, until the run is over. A new worker replaces one that dies. */
async function runWorker(
  seam: Seam,
  scenario: Scenario,
  job: ReturnType<typeof jobOnce>,
  over: { yet: boolean },
): Promise<void> {
  // Lambda receives and deletes messages, so no fault is injected into these calls.
  const lambda = new SQSClient(aws);
  const worker: Worker = {
    ...openWorker(connectThrough(seam, scenario), job, {
      maxAttempts: 3,
      backoff: { baseSeconds: 1, capSeconds: 1 },
    }),
    // The worker has not verified its index yet, so that this call can fail, too.
    verifiedIndices: new Set(),
  };
  while (!over.yet) {
    const { Messages: messages = [] } = await lambda.send(
      new ReceiveMessageCommand({
        QueueUrl: scenario.jobs,
        MaxNumberOfMessages: 2,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    if (messages.length === 0) {
      await sleep(50);
      continue;
    }
    const deliveries = messages.map((message) => ({
      id: message.ReceiptHandle as string,
      body: message.Body as string,
      receives: Number(message.Attributes?.ApproximateReceiveCount),
    }));
    const batch = await Promise.race([consume(worker, deliveries, Date.now() + 10_000), seam.died]);
    if (batch === 'died') return runWorker(new Seam(), scenario, job, over);
    const done = deliveries.filter(({ id }) => !batch.undelivered.includes(id));
    if (done.length > 0) {
      await lambda.send(
        new DeleteMessageBatchCommand({
          QueueUrl: scenario.jobs,
          Entries: done.map(({ id }, at) => ({ Id: String(at), ReceiptHandle: id })),
        }),
      );
    }
  }
}

/** Reads the counters repeatedly, as users do. */
async function watch(table: Table, runId: RunId, over: { yet: boolean }, ahead: string[]): Promise<void> {
  while (!over.yet) {
    const totals = await readTotals(table, runId);
    if (totals && totals.processed + totals.failed > totals.run.enqueued) {
      ahead.push(`${totals.processed} + ${totals.failed} > ${totals.run.enqueued}`);
    }
    await sleep(20);
  }
}

/** Fires the schedule at intervals, as the rule does, until everything is counted and verified. */
async function drained(calm: ReturnType<typeof connectThrough>, scenario: Scenario, runId: RunId) {
  const end = Date.now() + 60_000;
  for (;;) {
    await fireOnce(new Seam(), scenario);
    const verification = await verify(calm.table, calm.results, runId);
    if (verification?.ok && verification.enqueued === JOBS) return verification;
    if (Date.now() > end) return verification;
    await sleep(250);
  }
}
