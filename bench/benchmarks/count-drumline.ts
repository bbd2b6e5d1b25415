import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { consume } from '../../functions/core/consume/consume.ts';
import type { Job } from '../../functions/core/consume/run-job.ts';
import { PermanentError } from '../../functions/core/model/errors.ts';
import { jobsPerMessageOf, MIN_MESSAGES_PER_TICK } from '../../functions/core/model/tick.ts';
import { MAX_BATCH_ENTRIES, type Queue } from '../../functions/core/queue/queue.ts';
import {
  type AwsConnection,
  createPipeline,
  fireScheduler,
  openWorker,
  squareJob,
  startOneTick,
} from '../../test/fixtures/pipeline.ts';
import { chunksOf } from '../harness/chunks.ts';
import { type Counted, joinCounts, startMeter } from './request-meter.ts';

/** How the jobs end: all are processed; all fail permanently; all fail once and are processed at the next delivery. */
export const SCENARIOS = ['processed', 'failed', 'failed once'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** One tick, and how its jobs are packed. */
export interface Run {
  jobs: number;
  jobsPerMessage: number;
  batchSize: number;
  /** The workers take batches in turn. */
  workers: number;
  /** `processed` by default. */
  scenario?: Scenario;
}

/** The requests and the consumer's invocations of one run. */
export interface CountedRun {
  counted: Counted;
  /** One entry per invocation. */
  batches: { messages: number; jobs: number }[];
}

/** The services to use. */
export interface Services {
  aws: AwsConnection;
  elasticsearchUrl: string;
}

/** The delay of a message whose jobs failed, in seconds: longer than all first deliveries take together. */
const RETRY_SECONDS = 10;

/** A message returns once. More deliveries are an error. */
const MAX_DELIVERIES = 3;

/**
 * Runs one tick with the scheduler's and the consumer's own code in this process, and counts their requests. This function
 * also sends the requests of the event source mapping. Writes by key are those of the consumer only.
 * @throws Error if a job is neither processed nor failed at the end
 */
export async function countDrumline({ aws, elasticsearchUrl }: Services, run: Run): Promise<CountedRun> {
  const { scenario = 'processed' } = run;
  const meter = await startMeter(aws.endpoint);
  const resultsMeter = await startMeter(elasticsearchUrl);
  const pipeline = await createPipeline({ ...aws, endpoint: meter.url }, resultsMeter.url);
  const { jobs } = pipeline;
  try {
    await startOneTick(pipeline.table, run.jobs);
    meter.reset();
    const settings = { jobsPerMessage: run.jobsPerMessage, minMessages: MIN_MESSAGES_PER_TICK };
    const packed = jobsPerMessageOf(run.jobs, settings);
    await fireScheduler(pipeline, settings, 600_000);
    const job = jobOf(scenario);
    const workers = Array.from({ length: run.workers }, () => {
      const backoff = { baseSeconds: RETRY_SECONDS, capSeconds: RETRY_SECONDS };
      return { ...openWorker(pipeline, job, { backoff }), random: () => 0.999 };
    });
    resultsMeter.reset();
    meter.counted.writesByKey.clear();
    const batches: CountedRun['batches'] = [];
    let left = run.jobs;
    for (let delivery = 1; left > 0; delivery++) {
      if (delivery > MAX_DELIVERIES) throw new Error(`${left} jobs are neither processed nor failed`);
      if (delivery > 1) await sleep((RETRY_SECONDS + 1) * 1_000);
      for (let messages = Math.ceil(left / packed); messages > 0; ) {
        const received = await receive(jobs, Math.min(run.batchSize, messages));
        const worker = workers[batches.length % workers.length] as (typeof workers)[number];
        const { processed, failed, undelivered, outage, errors } = await consume(
          worker,
          received.map(({ MessageId: id = '', Body: body = '', Attributes = {} }) => ({
            id,
            body,
            receives: Number(Attributes.ApproximateReceiveCount),
          })),
          Date.now() + 60_000,
        );
        // A failed request explains more than its consequences: this throws it.
        meter.counted;
        for (const error of [outage, ...errors]) if (error) throw error;
        if (undelivered.length > 0)
          throw new Error(`${undelivered.length} messages could not be returned to the queue`);
        await deleteMessages(jobs, received);
        batches.push({ messages: received.length, jobs: processed + failed });
        messages -= received.length;
        left -= processed + failed;
      }
    }
    return { counted: joinCounts(meter.counted, resultsMeter.counted), batches };
  } finally {
    await pipeline.remove();
    await meter.stop();
    await resultsMeter.stop();
  }
}

/** The default job, or one that fails. */
function jobOf(scenario: Scenario): Job {
  const job = squareJob(0);
  const seen = new Set<number>();
  const work: Record<Scenario, (input: number) => unknown> = {
    processed: job.work,
    failed: () => {
      throw new PermanentError('the shop knows no such order');
    },
    'failed once': (input) => {
      if (seen.has(input)) return job.work(input);
      seen.add(input);
      throw new Error('the shop answered 503');
    },
  };
  return { ...job, work: work[scenario] };
}

/** Receives one full batch, as the event source mapping does. */
export async function receive(queue: Queue, messages: number): Promise<Message[]> {
  const received: Message[] = [];
  while (received.length < messages) {
    const MaxNumberOfMessages = Math.min(MAX_BATCH_ENTRIES, messages - received.length);
    const { Messages = [] } = await queue.client.send(
      new ReceiveMessageCommand({
        QueueUrl: queue.url,
        MaxNumberOfMessages,
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    if (Messages.length === 0)
      throw new Error(`the queue holds only ${received.length} of ${messages} messages`);
    received.push(...Messages);
  }
  return received;
}

/** Deletes messages, as the event source mapping does. */
export async function deleteMessages(queue: Queue, messages: readonly Message[]): Promise<void> {
  for (const chunk of chunksOf(messages, MAX_BATCH_ENTRIES)) {
    const Entries = chunk.map(({ ReceiptHandle }, entry) => ({ Id: String(entry), ReceiptHandle }));
    await queue.client.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }));
  }
}
