import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { parseMessage } from '../../functions/core/model/message.ts';
import { type DeadLetter, readDeadLetter, retryMessageBody } from '../../functions/core/queue/dead-letter.ts';
import { MAX_BATCH_ENTRIES, send } from '../../functions/core/queue/queue.ts';
import type { Deployment } from './deployment.ts';

/** A dead letter, taken from the queue for as long as its visibility timeout lasts. */
export interface TakenLetter extends DeadLetter {
  messageId: string;
  receiptHandle: string;
  body: string;
  /** First and last job of a message that came by the queue's redrive policy. */
  range?: { first: number; last: number };
}

/** How long a letter that was taken is hidden from others, in seconds: long enough to go through thousands of them. */
const HELD_SECONDS = 60;

/** Receives under way at once; each takes up to ten. */
const RECEIVES_AT_ONCE = 4;

const QUEUE_RETRY_MS = 50;

/** Takes all dead letters, each once, the oldest failure first. Whoever takes them gives back those that stay. */
export async function takeDeadLetters(deployment: Deployment, signal: AbortSignal): Promise<TakenLetter[]> {
  const taken = new Map<string, TakenLetter>();
  try {
    for (;;) {
      const round = await Promise.all(
        Array.from({ length: RECEIVES_AT_ONCE }, () => receive(deployment, signal)),
      );
      const before = taken.size;
      // Met again, its newest receipt is the one that holds.
      for (const message of round.flat())
        if (message.MessageId) taken.set(message.MessageId, readTaken(message));
      if (taken.size === before) return [...taken.values()].sort(byFailure);
    }
  } catch (error) {
    await giveBack(deployment, [...taken.values()]);
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
      VisibilityTimeout: HELD_SECONDS,
      // Waiting has SQS ask all of its servers, so that finding nothing means that there is nothing.
      WaitTimeSeconds: 1,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }),
    { abortSignal },
  );
  return answer.Messages ?? [];
}

/** Lets letters be seen by others again, at once. That is a courtesy: their visibility timeout does the same later. */
export async function giveBack(
  { target, deadLetterQueueUrl: url }: Deployment,
  letters: readonly TakenLetter[],
): Promise<void> {
  await pMap(
    batches(letters),
    (batch) =>
      target.clients.sqs
        .send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: url,
            Entries: batch.map(({ receiptHandle }, at) => ({
              Id: String(at),
              ReceiptHandle: receiptHandle,
              VisibilityTimeout: 0,
            })),
          }),
        )
        .catch(() => {}),
    { concurrency: RECEIVES_AT_ONCE },
  );
}

/** What has become of letters that were to be sent again. */
export interface Resent {
  /** Sent to the jobs queue, and no longer dead letters. */
  sent: TakenLetter[];
  /** Sent, but still dead letters as well, since they could not be deleted; sent once more, they are counted once. */
  kept: TakenLetter[];
  /** Not sent, and dead letters as before. */
  unsent: TakenLetter[];
  /** Why some were not. */
  reason?: string;
}

/**
 * Sends letters to the jobs queue again, and deletes each from the dead letters only when SQS has taken it: whatever
 * happens in between, a job is in one of the queues.
 */
export async function sendAgain(
  deployment: Deployment,
  letters: readonly TakenLetter[],
  signal: AbortSignal,
): Promise<Resent> {
  const { target, jobsQueueUrl } = deployment;
  const { sqs } = target.clients;
  const retriedAt = Date.now();
  const result: Resent = { sent: [], kept: [], unsent: [] };
  const move = async (batch: TakenLetter[]): Promise<void> => {
    if (signal.aborted) {
      result.unsent.push(...batch);
      return;
    }
    try {
      const bodies = batch.map(({ body }) => ({ MessageBody: retryMessageBody(body, retriedAt) }));
      await send({ url: jobsQueueUrl, client: sqs, retryDelayMs: QUEUE_RETRY_MS }, bodies);
    } catch (error) {
      // Some of it may have been sent. Each alone tells which; sent twice by one name, a letter counts once.
      if (batch.length > 1) {
        for (const letter of batch) await move([letter]);
        return;
      }
      result.reason = (error as Error).message;
      result.unsent.push(...batch);
      return;
    }
    const kept = await remove(deployment, batch);
    result.kept.push(...kept);
    result.sent.push(...batch.filter((letter) => !kept.includes(letter)));
  };
  await pMap(batches(letters), move, { concurrency: RECEIVES_AT_ONCE });
  return result;
}

/** @returns those that are still there */
async function remove(
  { target, deadLetterQueueUrl: url }: Deployment,
  batch: readonly TakenLetter[],
): Promise<TakenLetter[]> {
  try {
    const { Failed: failed = [] } = await target.clients.sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: batch.map(({ receiptHandle }, at) => ({ Id: String(at), ReceiptHandle: receiptHandle })),
      }),
    );
    return failed.flatMap(({ Id }) => batch[Number(Id)] ?? []);
  } catch {
    return [...batch];
  }
}

/** Whether no job can be read from a letter: sending it again would bring it back at once. */
export function isMalformed({ body }: TakenLetter): boolean {
  return 'malformed' in parseMessage(body);
}

function readTaken({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes }: Message): TakenLetter {
  const body = Body ?? '';
  const letter = readDeadLetter(body, MessageAttributes, Number(Attributes?.ApproximateReceiveCount ?? 0));
  const parsed = parseMessage(body);
  return {
    ...letter,
    messageId: MessageId ?? '',
    receiptHandle: ReceiptHandle ?? '',
    body,
    ...(letter.jobId === undefined &&
      'message' in parsed && { range: { first: parsed.message.first, last: parsed.message.last } }),
  };
}

function byFailure(one: TakenLetter, other: TakenLetter): number {
  const [a, b] = [one.lastFailedAt ?? '', other.lastFailedAt ?? ''];
  if (a !== b) return a < b ? -1 : 1;
  return (one.jobId ?? 0) - (other.jobId ?? 0);
}

function batches<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / MAX_BATCH_ENTRIES) }, (_, at) =>
    all.slice(at * MAX_BATCH_ENTRIES, (at + 1) * MAX_BATCH_ENTRIES),
  );
}
