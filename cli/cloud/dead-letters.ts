import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { chunk } from '../../functions/core/grouping.ts';
import { parseMessage } from '../../functions/core/model/message.ts';
import { type DeadLetter, readDeadLetter, retryMessageBody } from '../../functions/core/queue/dead-letter.ts';
import { MAX_BATCH_ENTRIES, send } from '../../functions/core/queue/queue.ts';
import type { Deployment } from './deployment.ts';

/** A dead letter that is received, and so hidden from other readers for `VISIBILITY_SECONDS`. */
export interface ReceivedDeadLetter extends DeadLetter {
  messageId: string;
  receiptHandle: string;
  body: string;
  /** First and last job of a message that came by the queue's redrive policy. */
  range?: { first: number; last: number };
}

/** Long enough to receive thousands of dead letters. */
const VISIBILITY_SECONDS = 60;
const CONCURRENT_CALLS = 4;
const RETRY_DELAY_MS = 50;

/** Receives all dead letters, the oldest failure first. The caller releases those that it does not delete. */
export async function receiveDeadLetters(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<ReceivedDeadLetter[]> {
  const received = new Map<string, ReceivedDeadLetter>();
  try {
    for (;;) {
      const messages = await Promise.all(
        Array.from({ length: CONCURRENT_CALLS }, () => receive(deployment, signal)),
      );
      const before = received.size;
      // A message may be received again. Only its newest receipt is valid.
      for (const message of messages.flat())
        if (message.MessageId) received.set(message.MessageId, readMessage(message));
      if (received.size === before) return [...received.values()].sort(byFailure);
    }
  } catch (error) {
    await releaseDeadLetters(deployment, [...received.values()]);
    throw error;
  }
}

async function receive(
  { target, deadLetterQueueUrl }: Deployment,
  abortSignal: AbortSignal,
): Promise<Message[]> {
  const answer = await target.clients.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: deadLetterQueueUrl,
      MaxNumberOfMessages: MAX_BATCH_ENTRIES,
      VisibilityTimeout: VISIBILITY_SECONDS,
      // With a wait, SQS asks all of its servers: an empty answer means that the queue is empty.
      WaitTimeSeconds: 1,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }),
    { abortSignal },
  );
  return answer.Messages ?? [];
}

/** Makes dead letters visible to other readers at once. Failures do not matter: the visibility timeout does the same. */
export async function releaseDeadLetters(
  { target, deadLetterQueueUrl: url }: Deployment,
  deadLetters: readonly ReceivedDeadLetter[],
): Promise<void> {
  await pMap(
    batchesOf(deadLetters),
    (batch) => {
      const Entries = batch.map(({ receiptHandle }, at) => ({
        Id: String(at),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: 0,
      }));
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries });
      return target.clients.sqs.send(command).catch(() => {});
    },
    { concurrency: CONCURRENT_CALLS },
  );
}

/** What a retry has done with the dead letters. */
export interface RetryResult {
  /** Sent to the jobs queue, and deleted from the dead letters. */
  sent: ReceivedDeadLetter[];
  /** Sent, but not deleted. A dead letter that is sent twice is counted once. */
  kept: ReceivedDeadLetter[];
  /** Not sent. They are still dead letters. */
  unsent: ReceivedDeadLetter[];
  /** Why some were not sent. */
  reason?: string;
}

/**
 * Sends dead letters to the jobs queue. Each is deleted only after SQS has accepted it, so that at every moment the job
 * is in one of the queues.
 */
export async function retryDeadLetters(
  deployment: Deployment,
  deadLetters: readonly ReceivedDeadLetter[],
  signal: AbortSignal,
): Promise<RetryResult> {
  const { target, jobsQueueUrl } = deployment;
  const queue = { url: jobsQueueUrl, client: target.clients.sqs, retryDelayMs: RETRY_DELAY_MS };
  const retriedAt = Date.now();
  const result: RetryResult = { sent: [], kept: [], unsent: [] };
  const move = async (batch: ReceivedDeadLetter[]): Promise<void> => {
    if (signal.aborted) {
      result.unsent.push(...batch);
      return;
    }
    try {
      await send(
        queue,
        batch.map(({ body }) => ({ MessageBody: retryMessageBody(body, retriedAt) })),
      );
    } catch (error) {
      // SQS may have accepted a part of the batch. One by one it is clear which, and a second copy is counted once.
      if (batch.length > 1) {
        for (const each of batch) await move([each]);
        return;
      }
      result.reason = (error as Error).message;
      result.unsent.push(...batch);
      return;
    }
    const kept = await remove(deployment, batch);
    result.kept.push(...kept);
    result.sent.push(...batch.filter((each) => !kept.includes(each)));
  };
  await pMap(batchesOf(deadLetters), move, { concurrency: CONCURRENT_CALLS });
  return result;
}

/** Deletes dead letters. @returns those that could not be deleted */
async function remove(
  { target, deadLetterQueueUrl: url }: Deployment,
  batch: readonly ReceivedDeadLetter[],
): Promise<ReceivedDeadLetter[]> {
  try {
    const Entries = batch.map(({ receiptHandle }, at) => ({ Id: String(at), ReceiptHandle: receiptHandle }));
    const { Failed: failed = [] } = await target.clients.sqs.send(
      new DeleteMessageBatchCommand({ QueueUrl: url, Entries }),
    );
    return failed.flatMap(({ Id }) => batch[Number(Id)] ?? []);
  } catch {
    return [...batch];
  }
}

/** Whether a dead letter contains no readable job: if it is sent again, it becomes a dead letter again at once. */
export function isMalformed({ body }: ReceivedDeadLetter): boolean {
  return 'malformed' in parseMessage(body);
}

function readMessage(message: Message): ReceivedDeadLetter {
  const { MessageId = '', ReceiptHandle = '', Body: body = '', Attributes, MessageAttributes } = message;
  const deadLetter = readDeadLetter(
    body,
    MessageAttributes,
    Number(Attributes?.ApproximateReceiveCount ?? 0),
  );
  const parsed = parseMessage(body);
  return {
    ...deadLetter,
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body,
    ...(deadLetter.jobId === undefined &&
      'message' in parsed && { range: { first: parsed.message.first, last: parsed.message.last } }),
  };
}

function byFailure(one: ReceivedDeadLetter, other: ReceivedDeadLetter): number {
  const [a, b] = [one.lastFailedAt ?? '', other.lastFailedAt ?? ''];
  if (a !== b) return a < b ? -1 : 1;
  return (one.jobId ?? 0) - (other.jobId ?? 0);
}

function batchesOf<T>(all: readonly T[]): T[][] {
  return chunk(all, { count: MAX_BATCH_ENTRIES, bytes: Number.POSITIVE_INFINITY }, () => 0);
}
