import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { chunk } from '../../functions/core/grouping.ts';
import { parseMessage } from '../../functions/core/model/message.ts';
import { type DeadLetter, readDeadLetter } from '../../functions/core/queue/dead-letter.ts';
import { MAX_BATCH_ENTRIES } from '../../functions/core/queue/queue.ts';
import type { Deployment } from './deployment.ts';

/** A dead letter that is received, and so hidden from other readers for `VISIBILITY_SECONDS`. */
export interface ReceivedDeadLetter extends DeadLetter {
  messageId: string;
  receiptHandle: string;
  body: string;
  /** First and last job of a message that came by the queue's redrive policy. */
  range?: { first: number; last: number };
}

/** How long a dead letter is hidden from other readers once it is received. One that was not deleted is then visible again. */
const VISIBILITY_SECONDS = 60;
/** Groups of dead letters that are handled at the same time. */
export const GROUPS_AT_ONCE = 8;
/** Maximum number of dead letters that are made visible at once after they were received. */
const MAX_RELEASED = 10_000;

/**
 * Receives the dead letters in groups of up to ten, so that however many there are, only a few are in memory and in flight.
 * Ends when the queue is empty but for those that stay, or when the signal aborts; running work is completed.
 * @param work returns the dead letters of the group that stay in the queue. They do not come again
 */
export async function forEachGroup(
  deployment: Deployment,
  signal: AbortSignal,
  work: (group: ReceivedDeadLetter[]) => Promise<ReceivedDeadLetter[]>,
): Promise<void> {
  const staying = new StayingDeadLetters();
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let failure: unknown;
  const receiver = async () => {
    while (!either.aborted) {
      const received = await receive(deployment, either);
      const group = staying.filterOthers(received.map(readMessage));
      if (group.length > 0) staying.add(await work(group));
      else if (received.length === 0 || staying.wereAllSeenAgain) return;
    }
  };
  const receivers = Array.from({ length: GROUPS_AT_ONCE }, () =>
    receiver().catch((error) => {
      if (!either.aborted) failure = error;
      failed.abort();
    }),
  );
  await Promise.all(receivers);
  await releaseDeadLetters(deployment, staying.receipts);
  if (failure) throw failure;
}

/** The dead letters that stay in the queue: SQS delivers them again when their visibility timeout ends. */
class StayingDeadLetters {
  readonly #ids = new Set<string>();
  /** Receipts by message id. Of many dead letters only the newest, because the others are visible soon anyway. */
  readonly #receipts = new Map<string, string>();
  #seenAgain = 0;

  get receipts(): string[] {
    return [...this.#receipts.values()];
  }

  /** Whether no other dead letter has come while SQS delivered as many as stay. */
  get wereAllSeenAgain(): boolean {
    return this.#seenAgain > this.#ids.size;
  }

  add(deadLetters: readonly ReceivedDeadLetter[]): void {
    for (const { messageId, receiptHandle } of deadLetters) {
      this.#ids.add(messageId);
      this.#receipts.delete(messageId);
      this.#receipts.set(messageId, receiptHandle);
      const [oldest] = this.#receipts.size > MAX_RELEASED ? this.#receipts.keys() : [];
      if (oldest !== undefined) this.#receipts.delete(oldest);
    }
  }

  /** Returns the dead letters that do not stay, each once. Of the others, only the newest receipt is valid. */
  filterOthers(received: readonly ReceivedDeadLetter[]): ReceivedDeadLetter[] {
    const again = received.filter(({ messageId }) => this.#ids.has(messageId));
    this.add(again);
    const others = received.filter(({ messageId }) => !this.#ids.has(messageId));
    this.#seenAgain = others.length > 0 ? 0 : this.#seenAgain + again.length;
    return others;
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
  receipts: readonly string[],
): Promise<void> {
  await pMap(
    batchesOf(receipts),
    (batch) => {
      const Entries = batch.map((ReceiptHandle, at) => ({
        Id: String(at),
        ReceiptHandle,
        VisibilityTimeout: 0,
      }));
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries });
      return target.clients.sqs.send(command).catch(() => {});
    },
    { concurrency: GROUPS_AT_ONCE },
  );
}

/** Deletes dead letters. @returns those that could not be deleted */
export async function remove(
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

/** Groups for requests to SQS. */
export function batchesOf<T>(all: readonly T[]): T[][] {
  return chunk(all, { count: MAX_BATCH_ENTRIES, bytes: Number.POSITIVE_INFINITY }, () => 0);
}
