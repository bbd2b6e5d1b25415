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
  /** How long to wait, at first, before entries that SQS did not take are sent again, in milliseconds. */
  retryDelayMs: number;
}

/** The most entries in one batch call (SQS's quota). */
export const MAX_BATCH_ENTRIES = 10;

/** The most bytes in one batch call, bodies and attributes together, and so in one message (SQS's quota). */
export const MAX_BATCH_BYTES = 1_048_576;

const BATCH_LIMIT = { count: MAX_BATCH_ENTRIES, bytes: MAX_BATCH_BYTES };

/** The longest that a message may be delayed when it is sent (SQS's quota, 15 minutes), in milliseconds. */
export const MAX_DELAY_MS = 900_000;

/** The delay to send a message with that is to wait so long, in milliseconds: whole seconds, no more than SQS takes. */
export function toDelaySeconds(waitMs: number): number {
  return Math.ceil(Math.min(MAX_DELAY_MS, Math.max(0, waitMs)) / 1_000);
}

/** Batch calls under way at once: enough to keep SQS busy, few enough for one function's connections. */
const CALLS_AT_ONCE = 10;

const RETRIES = 4;

export type OutgoingMessage = Omit<SendMessageBatchRequestEntry, 'Id'>;

/**
 * Sends all messages; the entries of a batch that SQS did not take are sent again, alone.
 * @throws Unavailable when some could not be sent; others were, so whoever sends again sends some twice
 */
export async function send(queue: Queue, messages: readonly OutgoingMessage[]): Promise<void> {
  await pMap(chunk(messages, BATCH_LIMIT, sizeOf), (batch) => sendAll(queue, batch), {
    concurrency: CALLS_AT_ONCE,
  });
}

async function sendAll(queue: Queue, messages: readonly OutgoingMessage[]): Promise<void> {
  let left = messages;
  await pRetry(
    async () => {
      const refused = await sendBatch(queue, left);
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

/**
 * Sends each message once: what SQS may have taken is not sent again, since all that it has taken are new messages.
 * @returns for each message whether SQS has said that it took it
 */
export async function sendOnce(queue: Queue, messages: readonly OutgoingMessage[]): Promise<boolean[]> {
  const taken = await pMap(
    chunk(messages, BATCH_LIMIT, sizeOf),
    async (batch) => {
      try {
        const refused = new Set((await sendBatch(queue, batch)).map(({ Id }) => Number(Id)));
        return batch.map((_, at) => !refused.has(at));
      } catch {
        return batch.map(() => false);
      }
    },
    { concurrency: CALLS_AT_ONCE },
  );
  return taken.flat();
}

async function sendBatch(
  queue: Queue,
  messages: readonly OutgoingMessage[],
): Promise<BatchResultErrorEntry[]> {
  const Entries = messages.map((message, at) => ({ ...message, Id: String(at) }));
  const answer = await awsCall('queue', () =>
    queue.client.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries })),
  );
  return answer.Failed ?? [];
}

/** About how many messages a queue holds, as SQS counts them. */
export interface QueueDepth {
  visible: number;
  inFlight: number;
  delayed: number;
}

/** @throws Unavailable */
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

/** A message's bytes as SQS counts them: its body, and its attributes' names, types and values. */
function sizeOf({ MessageBody = '', MessageAttributes = {} }: OutgoingMessage): number {
  return Object.entries(MessageAttributes).reduce(
    (sum, [name, { DataType = '', StringValue = '' }]) =>
      sum + Buffer.byteLength(name + DataType + StringValue),
    Buffer.byteLength(MessageBody),
  );
}
