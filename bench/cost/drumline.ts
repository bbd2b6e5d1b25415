import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { consume } from '../../functions/core/consume.ts';
import { fire } from '../../functions/core/fire.ts';
import { type JobId, newRunId } from '../../functions/core/ids.ts';
import { readSchedule, startRun } from '../../functions/core/ledger/run.ts';
import { BATCH, type Queue } from '../../functions/core/queue.ts';
import { connect } from '../../functions/core/results/client.ts';
import { ensureIndex } from '../../functions/core/results/mapping.ts';
import { jobsPerMessageOf, LEAST_MESSAGES } from '../../functions/core/tick.ts';
import type { AwsPlace } from '../own-cloud.ts';
import { makePlace } from '../place.ts';
import { openWorker, squaring } from '../worker/in-process.ts';
import { both, type Counted, startMeter } from './meter.ts';

/** Jobs of one tick, and how they are packed. */
export interface Run {
  jobs: number;
  jobsPerMessage: number;
  batchSize: number;
  /** Workers that take the batches in turn. */
  workers: number;
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

/**
 * Has one tick enqueued and worked off by the scheduler's and the consumer's own code, in this process, and counts all
 * that they and the event source mapping, whose part is played here, ask of the services.
 * @throws Error when not every job was processed
 */
export async function countDrumline({ aws, elasticsearchUrl }: Where, run: Run): Promise<CountedRun> {
  const meter = await startMeter(aws.endpoint);
  const resultsMeter = await startMeter(elasticsearchUrl);
  const place = await makePlace({ aws: { ...aws, endpoint: meter.url } });
  const through = (queue: Queue): Queue => ({ ...queue, url: meter.url + new URL(queue.url).pathname });
  const [jobs, deadLetters] = [through(place.jobs), through(place.deadLetters)];
  const results = connect(resultsMeter.url, place.table.name);
  try {
    await ensureIndex(results);
    const startedAt = Date.now();
    const started = {
      ...{ runId: newRunId(startedAt), x: run.jobs, y: 1_440, pace: 'burst' as const },
      ...{ backfillMinutes: 0, startedAt, firstFreeJobId: 1 as JobId },
    };
    await startRun(place.table, await readSchedule(place.table), started);
    meter.reset();
    const scheduler = { name: 'bench', table: place.table, jobs, clock: Date.now, sleep };
    const settings = { jobsPerMessage: run.jobsPerMessage, leastMessages: LEAST_MESSAGES };
    const packed = jobsPerMessageOf(run.jobs, settings);
    await fire({ ...scheduler, settings }, Date.now(), Date.now() + 600_000);
    const workers = Array.from({ length: run.workers }, () => ({
      ...openWorker({ ...place, jobs, deadLetters }, results, squaring(0), 10),
      ready: new Set([results.index]),
    }));
    resultsMeter.reset();
    const batches: CountedRun['batches'] = [];
    for (let left = run.jobs; left > 0; ) {
      const messages = await receive(jobs, Math.min(run.batchSize, Math.ceil(left / packed)));
      const worker = workers[batches.length % workers.length] as (typeof workers)[number];
      const deliveries = messages.map(({ MessageId = '', ReceiptHandle = '', Body = '' }) => ({
        ...{ id: MessageId, receiptHandle: ReceiptHandle, body: Body, receives: 1 },
      }));
      const { processed, failed } = await consume(worker, deliveries, Date.now() + 60_000);
      if (failed.length > 0) throw new Error(`${failed.length} messages came back`);
      await remove(jobs, messages);
      batches.push({ messages: messages.length, jobs: processed });
      left -= processed;
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

/** As the mapping does: ten at most to a call, until a batch is full. */
export async function receive(queue: Queue, messages: number): Promise<Message[]> {
  const received: Message[] = [];
  while (received.length < messages) {
    const MaxNumberOfMessages = Math.min(BATCH, messages - received.length);
    const { Messages = [] } = await queue.client.send(
      new ReceiveMessageCommand({ QueueUrl: queue.url, MaxNumberOfMessages, WaitTimeSeconds: 1 }),
    );
    if (Messages.length === 0)
      throw new Error(`the queue has no more than ${received.length} of ${messages} messages`);
    received.push(...Messages);
  }
  return received;
}

export async function remove(queue: Queue, messages: readonly Message[]): Promise<void> {
  for (let at = 0; at < messages.length; at += BATCH) {
    const Entries = messages
      .slice(at, at + BATCH)
      .map(({ ReceiptHandle }, entry) => ({ Id: String(entry), ReceiptHandle }));
    await queue.client.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }));
  }
}
