import {
  type BatchResultErrorEntry,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import pRetry from 'p-retry';
import { awsCall } from '../aws-call.ts';
import { chunk } from '../grouping.ts';
import { Unavailable } from '../model/errors.ts';

/** An SQS queue. */
export interface Queue {
  url: string;
  client: Pick<SQSClient, 'send'>;
  /** First delay before entries that SQS did not accept are sent again, in milliseconds. */
  retryDelayMs: number;
}

/** Maximum entries per batch call (SQS quota). */
export const MAX_BATCH_ENTRIES = 10;

/** Maximum bytes per batch call, bodies and attributes together, and so per message (SQS quota). */
export const MAX_BATCH_BYTES = 1_048_576;

const BATCH_LIMIT = { count: MAX_BATCH_ENTRIES, bytes: MAX_BATCH_BYTES };

/** Maximum delay of a message, in milliseconds (SQS quota, 15 minutes). */
export const MAX_DELAY_MS = 900_000;

/** Converts a wait in milliseconds to a `DelaySeconds` that SQS accepts: whole seconds from 0 to 900, rounded up. */
export function toDelaySeconds(waitMs: number): number {
  return Math.ceil(Math.min(MAX_DELAY_MS, Math.max(0, waitMs)) / 1_000);
}

/** Maximum concurrent batch calls. More would not be faster, and a function's connections are limited. */
const CALLS_AT_ONCE = 10;

/** Maximum retries of entries that SQS did not accept. */
const MAX_RETRIES = 4;

/** A message to send; `send` and `sendOnce` add the entry's id. */
export type OutgoingMessage = Omit<SendMessageBatchRequestEntry, 'Id'>;

/**
 * Sends all messages. Entries of a batch that SQS did not accept are sent again, without the accepted ones.
 * @throws Unavailable when some messages could not be sent. Others were, so sending all again sends some twice.
 * @throws Error when SQS rejects a message as invalid
 */
export async function send(queue: Queue, messages: readonly OutgoingMessage[]): Promise<void> {
  await pMap(chunk(messages, BATCH_LIMIT, sizeOf), (batch) => sendBatchWithRetries(queue, batch), {
    concurrency: CALLS_AT_ONCE,
  });
}

async function sendBatchWithRetries(queue: Queue, messages: readonly OutgoingMessage[]): Promise<void> {
  let unsent = messages;
  await pRetry(
    async () => {
      const refused = await sendBatch(queue, unsent);
      if (refused.length === 0) return;
      const reason = new Error(
        `SQS did not accept ${refused.length} of ${unsent.length} messages: ${refused[0]?.Message}`,
      );
      unsent = refused.flatMap(({ Id }) => unsent[Number(Id)] ?? []);
      throw refused.some(({ SenderFault }) => SenderFault) ? reason : new Unavailable('queue', reason);
    },
    {
      retries: MAX_RETRIES,
      minTimeout: queue.retryDelayMs,
      randomize: true,
      shouldRetry: ({ error }) => error instanceof Unavailable,
    },
  );
}

/**
 * Sends each message at most once: a message that SQS may have accepted is not sent again. Never throws.
 * @returns for each message whether SQS confirmed that it accepted it
 */
export async function sendOnce(queue: Queue, messages: readonly OutgoingMessage[]): Promise<boolean[]> {
  const accepted = await pMap(
    chunk(messages, BATCH_LIMIT, sizeOf),
    async (batch) => {
      try {
        const refused = new Set((await sendBatch(queue, batch)).map(({ Id }) => Number(Id)));
        return batch.map((_, index) => !refused.has(index));
      } catch {
        return batch.map(() => false);
      }
    },
    { concurrency: CALLS_AT_ONCE },
  );
  return accepted.flat();
}

async function sendBatch(
  queue: Queue,
  messages: readonly OutgoingMessage[],
): Promise<BatchResultErrorEntry[]> {
  const Entries = messages.map((message, index) => ({ ...message, Id: String(index) }));
  const answer = await awsCall('queue', () =>
    queue.client.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries })),
  );
  return answer.Failed ?? [];
}

/** The number of messages in a queue. SQS's figures are approximate. */
export interface QueueDepth {
  visible: number;
  inFlight: number;
  delayed: number;
}

/** Reads the number of messages in a queue. @throws Unavailable */
export async function readDepth(queue: Pick<Queue, 'url' | 'client'>): Promise<QueueDepth> {
  const { Attributes: attributes } = await awsCall('queue', () =>
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

/** A message's size in bytes as SQS counts it: its body, and its attributes' names, types and values. */
function sizeOf({ MessageBody = '', MessageAttributes = {} }: OutgoingMessage): number {
  return Object.entries(MessageAttributes).reduce(
    (sum, [name, { DataType = '', StringValue = '' }]) =>
      sum + Buffer.byteLength(name + DataType + StringValue),
    Buffer.byteLength(MessageBody),
  );
}
