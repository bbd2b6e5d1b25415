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
import { CommandError } from '../terminal/errors.ts';
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
const GROUPS_AT_ONCE = 8;
const RETRY_DELAY_MS = 50;
/** After this number of groups in a row of which SQS accepts nothing, a retry ends. */
const MAX_REFUSED_GROUPS = 3;
/** Maximum number of dead letters that are made visible at once after they were received. */
const MAX_RELEASED = 10_000;

/** Receives all dead letters, the oldest failure first, and makes them visible again. */
export async function listDeadLetters(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<ReceivedDeadLetter[]> {
  const all: ReceivedDeadLetter[] = [];
  await forEachGroup(deployment, signal, async (group) => {
    all.push(...group);
    return group;
  });
  signal.throwIfAborted();
  return all.sort(byFailure);
}

/**
 * Receives the dead letters in groups of up to ten, so that however many there are, only a few are in memory and in flight.
 * Ends when the queue is empty but for those that stay, or when the signal aborts; running work is completed.
 * @param work returns the dead letters of the group that stay in the queue. They do not come again
 */
async function forEachGroup(
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
async function releaseDeadLetters(
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

/** Which dead letters to retry: those of some jobs, or all, with or without malformed ones. */
export type RetrySelection = { jobs: readonly number[] } | { all: true; malformed: boolean };

/** What a retry has done, in dead letters. */
export interface RetryResult {
  /** Sent to the jobs queue, and deleted from the dead letters. */
  sent: number;
  /** Sent, but not deleted. A dead letter that is sent twice is counted once. */
  kept: number;
  /** Not sent. They are still dead letters. */
  unsent: number;
  /** Left, because they contain no readable job. */
  malformed: number;
  /** Left, because they came during the retry: of jobs that have failed again, or for the first time. */
  newer: number;
  /** Why some were not sent. */
  reason?: string;
}

/**
 * Sends dead letters to the jobs queue. Each is deleted only after SQS has accepted it, so that at every moment the job
 * is in one of the queues. When the signal aborts, running groups are completed.
 * @param onProgress called after each group
 * @throws CommandError `no_such_dead_letter` if a job has none; then nothing is sent
 */
export async function retryDeadLetters(
  deployment: Deployment,
  selection: RetrySelection,
  signal: AbortSignal,
  onProgress: (result: RetryResult) => void = () => {},
): Promise<RetryResult> {
  const retry = new Retry(deployment);
  const { result } = retry;
  if ('jobs' in selection) {
    const wanted = await findDeadLetters(deployment, selection.jobs, signal);
    await pMap(batchesOf(wanted), (batch) => retry.move(batch), { concurrency: GROUPS_AT_ONCE });
    return result;
  }
  const refused = new AbortController();
  let refusedGroups = 0;
  await forEachGroup(deployment, AbortSignal.any([signal, refused.signal]), async (group) => {
    const older = group.filter((deadLetter) => !isNewer(deadLetter, retry.startedAt));
    const wanted = older.filter((deadLetter) => selection.malformed || !isMalformed(deadLetter));
    result.newer += group.length - older.length;
    result.malformed += older.length - wanted.length;
    const moved = wanted.length > 0 ? await retry.move(wanted) : [];
    refusedGroups = moved.length > 0 || wanted.length === 0 ? 0 : refusedGroups + 1;
    if (refusedGroups >= MAX_REFUSED_GROUPS) refused.abort();
    onProgress(result);
    return group.filter((deadLetter) => !moved.includes(deadLetter));
  });
  return result;
}

/** Finds the dead letters of some jobs, and keeps them hidden. @throws CommandError `no_such_dead_letter` */
async function findDeadLetters(
  deployment: Deployment,
  jobs: readonly number[],
  signal: AbortSignal,
): Promise<ReceivedDeadLetter[]> {
  // By message id: they come again if the search takes longer than their visibility timeout.
  const found = new Map<string, ReceivedDeadLetter>();
  await forEachGroup(deployment, signal, async (group) => {
    const wanted = group.filter(({ jobId }) => jobId !== undefined && jobs.includes(jobId));
    for (const deadLetter of wanted) found.set(deadLetter.messageId, deadLetter);
    return group.filter((deadLetter) => !wanted.includes(deadLetter));
  });
  const all = [...found.values()];
  const unknown = jobs.filter((job) => !all.some(({ jobId }) => jobId === job));
  if (unknown.length === 0 && !signal.aborted) return all;
  const receipts = all.map(({ receiptHandle }) => receiptHandle);
  await releaseDeadLetters(deployment, receipts);
  signal.throwIfAborted();
  throw new CommandError(
    'no_such_dead_letter',
    `There is no dead letter of ${unknown.length === 1 ? 'job' : 'jobs'} ${unknown.join(', ')}. Nothing was sent.`,
    deployment.target.command('dead-letters list'),
  );
}

/** Moves dead letters to the jobs queue, and counts them. */
class Retry {
  /** Milliseconds since 1970: the number of the retry. */
  readonly startedAt = Date.now();
  readonly result: RetryResult = { sent: 0, kept: 0, unsent: 0, malformed: 0, newer: 0 };

  constructor(readonly deployment: Deployment) {}

  /** @returns those that are no longer dead letters */
  async move(batch: readonly ReceivedDeadLetter[]): Promise<ReceivedDeadLetter[]> {
    const { target, jobsQueueUrl } = this.deployment;
    const queue = { url: jobsQueueUrl, client: target.clients.sqs, retryDelayMs: RETRY_DELAY_MS };
    try {
      await send(
        queue,
        batch.map(({ body }) => ({ MessageBody: retryMessageBody(body, this.startedAt) })),
      );
    } catch (error) {
      // SQS may have accepted a part of the batch. One by one it is clear which, and a second copy is counted once.
      if (batch.length > 1) {
        const moved: ReceivedDeadLetter[] = [];
        for (const each of batch) moved.push(...(await this.move([each])));
        return moved;
      }
      this.result.reason = (error as Error).message;
      this.result.unsent += batch.length;
      return [];
    }
    const kept = await remove(this.deployment, batch);
    this.result.kept += kept.length;
    this.result.sent += batch.length - kept.length;
    return batch.filter((each) => !kept.includes(each));
  }
}

/**
 * Whether a dead letter came during a retry. A job that the retry has sent and that has failed again has a higher round;
 * sending it again and again would never end. A malformed message has no round, but the time of its failure.
 * @param startedAt when the retry started, in milliseconds since 1970, which is its number
 */
function isNewer({ body, lastFailedAt = '' }: ReceivedDeadLetter, startedAt: number): boolean {
  const parsed = parseMessage(body);
  const round = 'message' in parsed ? parsed.message.retry?.round : undefined;
  return (round ?? Date.parse(lastFailedAt)) > startedAt;
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
