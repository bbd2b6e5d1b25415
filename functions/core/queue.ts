import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import pRetry from 'p-retry';
import { isTransient, Unavailable } from './errors.ts';

/** An SQS queue. */
export interface Queue {
  url: string;
  client: Pick<SQSClient, 'send'>;
  /** How long to wait, at first, before entries that SQS did not take are sent again, in milliseconds. */
  retryDelayMs: number;
}

/** The most entries in one batch call (SQS's quota). */
export const BATCH = 10;

/** The most bytes in one batch call, bodies and attributes together, and so in one message (SQS's quota). */
export const BATCH_BYTES = 1_048_576;

/** The longest that a message may be delayed when it is sent (SQS's quota, 15 minutes), in milliseconds. */
export const MAX_DELAY_MS = 900_000;

/** Batch calls under way at once: enough to keep SQS busy, few enough for one function's connections. */
const CALLS_AT_ONCE = 10;

const RETRIES = 4;

export type Outgoing = Omit<SendMessageBatchRequestEntry, 'Id'>;

/**
 * Sends all messages; the entries of a batch that SQS did not take are sent again, alone.
 * @throws Unavailable when some could not be sent; others were, so whoever sends again sends some twice
 */
export async function send(queue: Queue, messages: Outgoing[]): Promise<void> {
  await pMap(batches(messages, sizeOf), (batch) => sendBatch(queue, batch), { concurrency: CALLS_AT_ONCE });
}

async function sendBatch(queue: Queue, messages: Outgoing[]): Promise<void> {
  let left = messages;
  await pRetry(
    async () => {
      const answer = await guarded(() =>
        queue.client.send(
          new SendMessageBatchCommand({
            QueueUrl: queue.url,
            Entries: left.map((message, at) => ({ ...message, Id: String(at) })),
          }),
        ),
      );
      const refused = answer.Failed ?? [];
      if (refused.length === 0) return;
      const reason = new Error(
        `SQS did not take ${refused.length} of ${left.length} messages: ${refused[0]?.Message}`,
      );
      left = refused.flatMap(({ Id }) => left[Number(Id)] ?? []);
      throw refused.some(({ SenderFault }) => SenderFault) ? reason : new Unavailable('queue', reason);
    },
    {
      retries: RETRIES,
      minTimeout: queue.retryDelayMs,
      randomize: true,
      shouldRetry: ({ error }) => error instanceof Unavailable,
    },
  );
}

/** A message that is to come back later: the receipt of this delivery, and after how many seconds. */
export interface Later {
  receiptHandle: string;
  delaySeconds: number;
}

/**
 * Has messages come back after a delay of their own, rather than after the queue's visibility timeout.
 * That is a courtesy, not a promise: what SQS does not take here comes back when the timeout ends.
 */
export async function returnLater(queue: Queue, messages: Later[]): Promise<void> {
  await pMap(
    batches(messages),
    async (batch) => {
      try {
        await queue.client.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: queue.url,
            Entries: batch.map(({ receiptHandle, delaySeconds }, at) => ({
              Id: String(at),
              ReceiptHandle: receiptHandle,
              VisibilityTimeout: delaySeconds,
            })),
          }),
        );
      } catch (error) {
        if (!isTransient(error)) throw error;
      }
    },
    { concurrency: CALLS_AT_ONCE },
  );
}

/** About how many messages a queue holds, as SQS counts them. */
export interface Depth {
  visible: number;
  inFlight: number;
  delayed: number;
}

/** @throws Unavailable */
export async function depth(queue: Pick<Queue, 'url' | 'client'>): Promise<Depth> {
  const { Attributes: attributes } = await guarded(() =>
    queue.client.send(
      new GetQueueAttributesCommand({
        QueueUrl: queue.url,
        AttributeNames: [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ],
      }),
    ),
  );
  return {
    visible: Number(attributes?.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(attributes?.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(attributes?.ApproximateNumberOfMessagesDelayed ?? 0),
  };
}

async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isTransient(error) ? new Unavailable('queue', error) : error;
  }
}

/** Batches of as many entries, and of as many bytes, as a call takes. */
function batches<T>(all: T[], bytesOf: (one: T) => number = () => 0): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let bytes = 0;
  for (const one of all) {
    const more = bytesOf(one);
    if (batch.length === BATCH || (batch.length > 0 && bytes + more > BATCH_BYTES)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(one);
    bytes += more;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** A message's bytes as SQS counts them: its body, and its attributes' names, types and values. */
function sizeOf({ MessageBody = '', MessageAttributes = {} }: Outgoing): number {
  return Object.entries(MessageAttributes).reduce(
    (sum, [name, { DataType = '', StringValue = '' }]) =>
      sum + Buffer.byteLength(name + DataType + StringValue),
    Buffer.byteLength(MessageBody),
  );
}
