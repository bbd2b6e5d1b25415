import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { consume } from '../../functions/core/consume/consume.ts';
import type { Job } from '../../functions/core/consume/run-job.ts';
import { PermanentError } from '../../functions/core/model/errors.ts';
import { jobsPerMessageOf, MIN_MESSAGES_PER_TICK } from '../../functions/core/model/tick.ts';
import { MAX_BATCH_ENTRIES, type Queue } from '../../functions/core/queue/queue.ts';
import { connect } from '../../functions/core/results/client.ts';
import { ensureIndex } from '../../functions/core/results/ensure-index.ts';
import { fire } from '../../functions/core/schedule/fire.ts';
import { startOneTick } from '../one-tick.ts';
import type { AwsPlace } from '../own-cloud.ts';
import { makePlace } from '../place.ts';
import { openWorker, squaring } from '../worker/in-process.ts';
import { both, type Counted, startMeter } from './meter.ts';

/** What becomes of the jobs: all work; all fail for good; all fail at their first delivery and work at the next. */
export const SCENARIOS = ['processed', 'failed', 'failed once'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Jobs of one tick, and how they are packed. */
export interface Run {
  jobs: number;
  jobsPerMessage: number;
  batchSize: number;
  /** Workers that take the batches in turn. */
  workers: number;
  /** That all are processed, unless given. */
  scenario?: Scenario;
}

/** What a run took: what was counted on the wire, and the functions' invocations. */
export interface CountedRun {
  counted: Counted;
  /** Each worker's batch as it was invoked with it. */
  batches: { messages: number; jobs: number }[];
}

/** Where it is run. */
export interface Where {
  aws: AwsPlace;
  elasticsearchUrl: string;
}

/** How long a message whose jobs failed waits, in seconds: longer than its first deliveries take all together. */
const RETRY_SECONDS = 10;

/** A message comes back once; should it ever come more often, this ends it. */
const MOST_DELIVERIES = 3;

/**
 * Has one tick enqueued and worked off by the scheduler's and the consumer's own code, in this process, and counts all
 * that they and the event source mapping, whose part is played here, ask of the services. Writes are counted by key for the
 * consumer alone.
 * @throws Error when not every job came to its end
 */
export async function countDrumline({ aws, elasticsearchUrl }: Where, run: Run): Promise<CountedRun> {
  const { scenario = 'processed' } = run;
  const meter = await startMeter(aws.endpoint);
  const resultsMeter = await startMeter(elasticsearchUrl);
  const place = await makePlace({ aws: { ...aws, endpoint: meter.url } });
  const through = (queue: Queue): Queue => ({ ...queue, url: meter.url + new URL(queue.url).pathname });
  const [jobs, deadLetters] = [through(place.jobs), through(place.deadLetters)];
  const results = connect(resultsMeter.url, place.table.name);
  try {
    await ensureIndex(results);
    await startOneTick(place.table, run.jobs);
    meter.reset();
    const scheduler = { name: 'bench', table: place.table, jobs, clock: Date.now, sleep };
    const settings = { jobsPerMessage: run.jobsPerMessage, minMessages: MIN_MESSAGES_PER_TICK };
    const packed = jobsPerMessageOf(run.jobs, settings);
    await fire({ ...scheduler, settings }, Date.now(), Date.now() + 600_000);
    const job = jobOf(scenario);
    const workers = Array.from({ length: run.workers }, () => {
      const worker = openWorker({ ...place, jobs, deadLetters }, results, job, 10);
      const backoff = { baseSeconds: RETRY_SECONDS, capSeconds: RETRY_SECONDS };
      return { ...worker, settings: { ...worker.settings, backoff }, random: () => 0.999 };
    });
    resultsMeter.reset();
    meter.counted.writesByKey.clear();
    const batches: CountedRun['batches'] = [];
    let left = run.jobs;
    for (let delivery = 1; left > 0; delivery++) {
      if (delivery > MOST_DELIVERIES) throw new Error(`${left} jobs came to no end`);
      if (delivery > 1) await sleep((RETRY_SECONDS + 1) * 1_000);
      for (let messages = Math.ceil(left / packed); messages > 0; ) {
        const received = await receive(jobs, Math.min(run.batchSize, messages));
        const worker = workers[batches.length % workers.length] as (typeof workers)[number];
        const { processed, failed, undelivered, outage, errors } = await consume(
          worker,
          received.map(({ MessageId: id = '', Body: body = '', Attributes = {} }) => ({
            ...{ id, body, receives: Number(Attributes.ApproximateReceiveCount) },
          })),
          Date.now() + 60_000,
        );
        // What went wrong on the line says more than what came of it.
        meter.counted;
        for (const trouble of [outage, ...errors]) if (trouble) throw trouble;
        if (undelivered.length > 0) throw new Error(`${undelivered.length} messages could not be sent back`);
        await remove(jobs, received);
        batches.push({ messages: received.length, jobs: processed + failed });
        messages -= received.length;
        left -= processed + failed;
      }
    }
    return { counted: both(meter.counted, resultsMeter.counted), batches };
  } finally {
    await results.client.indices.delete({ index: results.index, ignore_unavailable: true });
    await results.client.close();
    await place.remove();
    await meter.stop();
    await resultsMeter.stop();
  }
}

/** The default job, or one that fails. */
function jobOf(scenario: Scenario): Job {
  const job = squaring(0);
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

/** As the mapping does: ten at most to a call, until a batch is full. */
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
      throw new Error(`the queue has no more than ${received.length} of ${messages} messages`);
    received.push(...Messages);
  }
  return received;
}

export async function remove(queue: Queue, messages: readonly Message[]): Promise<void> {
  for (let at = 0; at < messages.length; at += MAX_BATCH_ENTRIES) {
    const Entries = messages
      .slice(at, at + MAX_BATCH_ENTRIES)
      .map(({ ReceiptHandle }, entry) => ({ Id: String(entry), ReceiptHandle }));
    await queue.client.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }));
  }
}
