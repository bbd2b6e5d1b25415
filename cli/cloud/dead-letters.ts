import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { parseMessage } from '../../functions/core/model/message.ts';
import { retryMessageBody } from '../../functions/core/queue/dead-letter.ts';
import { readDepth, send } from '../../functions/core/queue/queue.ts';
import { CommandError } from '../terminal/errors.ts';
import {
  batchesOf,
  forEachGroup,
  GROUPS_AT_ONCE,
  isMalformed,
  type ReceivedDeadLetter,
  releaseDeadLetters,
  remove,
} from './dead-letter-queue.ts';
import type { Deployment } from './deployment.ts';
import {
  type DocumentsSelection,
  findDeadLetterIds,
  forgetDeadLetters,
  searchDeadLetters,
} from './invoke.ts';

const RETRY_DELAY_MS = 50;
/** After this number of groups in a row of which SQS accepts nothing, a retry ends. */
const MAX_REFUSED_GROUPS = 3;

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

/** Which dead letters to retry: those of some jobs, those that a search finds, or all, with or without malformed ones. */
export type RetrySelection =
  | { jobs: readonly number[] }
  | DocumentsSelection
  | { all: true; malformed: boolean };

/** About how many dead letters a retry or a purge is about. */
export async function countDeadLetters(
  deployment: Deployment,
  signal: AbortSignal,
  selection: RetrySelection | PurgeSelection,
): Promise<number> {
  if ('jobs' in selection) return selection.jobs.length;
  if ('query' in selection)
    return (await searchDeadLetters(deployment, signal, { ...selection, size: 1 })).total;
  const { deadLetterQueueUrl: url, target } = deployment;
  const { visible, inFlight, delayed } = await readDepth({ url, client: target.clients.sqs });
  return visible + inFlight + delayed;
}

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
  /** Jobs that the search finds, and that have no dead letter in the queue: they are being retried, or are processed. */
  missing?: number;
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
  const either = AbortSignal.any([signal, refused.signal]);
  const missing = await forEachSelected(deployment, selection, either, async (group) => {
    const older = group.filter((deadLetter) => !isNewer(deadLetter, retry.startedAt));
    const malformed = 'all' in selection && !selection.malformed ? older.filter(isMalformed) : [];
    const wanted = older.filter((deadLetter) => !malformed.includes(deadLetter));
    result.newer += group.length - older.length;
    result.malformed += malformed.length;
    const moved = wanted.length > 0 ? await retry.move(wanted) : [];
    refusedGroups = moved.length > 0 || wanted.length === 0 ? 0 : refusedGroups + 1;
    if (refusedGroups >= MAX_REFUSED_GROUPS) refused.abort();
    onProgress(result);
    return group.filter((deadLetter) => !moved.includes(deadLetter));
  });
  if (missing && !either.aborted) result.missing = missing.size;
  return result;
}

/**
 * Receives the dead letters that a search finds, or all. Only the jobIds of the search are in memory. The others stay.
 * @param work as for `forEachGroup`
 * @returns the jobs that the search finds and for which no dead letter came; undefined for all
 */
async function forEachSelected(
  deployment: Deployment,
  selection: DocumentsSelection | { all: true },
  signal: AbortSignal,
  work: (group: ReceivedDeadLetter[]) => Promise<ReceivedDeadLetter[]>,
): Promise<Set<number> | undefined> {
  if ('all' in selection) {
    await forEachGroup(deployment, signal, work);
    return undefined;
  }
  const wanted = await findDeadLetterIds(deployment, signal, selection);
  const missing = new Set(wanted);
  if (wanted.size === 0) return missing;
  await forEachGroup(deployment, signal, async (group) => {
    const selected = group.filter(({ jobId = 0 }) => wanted.has(jobId));
    for (const { jobId = 0 } of selected) missing.delete(jobId);
    const staying = selected.length > 0 ? await work(selected) : [];
    return group.filter((deadLetter) => !selected.includes(deadLetter) || staying.includes(deadLetter));
  });
  return missing;
}

/** Which dead letters to delete: all, or those that a search finds. */
export type PurgeSelection = { all: true } | DocumentsSelection;

/** What a purge has done, in dead letters. */
export interface PurgeResult {
  /** Deleted from the queue. About, if all were deleted. */
  purged: number;
  /** Not deleted, because SQS did not answer. */
  kept: number;
  /** Left, because they came during the purge. */
  newer: number;
  /** Why Elasticsearch still has documents of dead letters that were deleted. */
  reason?: string;
}

/** How long the documents of dead letters may take to be deleted, in milliseconds. */
const FORGET_MS = 120_000;

/**
 * Deletes dead letters, and then their documents. Their jobs stay counted as failed. When the signal aborts, running groups
 * are completed.
 * @param onProgress called after each group
 */
export async function purgeDeadLetters(
  deployment: Deployment,
  selection: PurgeSelection,
  signal: AbortSignal,
  onProgress: (result: PurgeResult) => void = () => {},
): Promise<PurgeResult> {
  const startedAt = Date.now();
  const result: PurgeResult = { purged: 0, kept: 0, newer: 0 };
  if ('all' in selection) {
    result.purged = await purgeQueue(deployment, signal);
    const before = new Date(startedAt).toISOString();
    return { ...result, ...(await forget(deployment, { before })) };
  }
  const gone = new Set<number>();
  const staying = new Set<number>();
  const missing = await forEachSelected(deployment, selection, signal, async (group) => {
    const older = group.filter((deadLetter) => !isNewer(deadLetter, startedAt));
    const kept = older.length > 0 ? await remove(deployment, older) : [];
    const left = group.filter((deadLetter) => !older.includes(deadLetter) || kept.includes(deadLetter));
    for (const { jobId = 0 } of older) gone.add(jobId);
    for (const { jobId = 0 } of left) staying.add(jobId);
    result.newer += group.length - older.length;
    result.kept += kept.length;
    result.purged += older.length - kept.length;
    onProgress(result);
    return left;
  });
  // A document without a dead letter is out of date. After an interruption it is not known which these are.
  const jobIds = [...gone, ...(signal.aborted ? [] : (missing ?? []))].filter((jobId) => !staying.has(jobId));
  return { ...result, ...(await forget(deployment, { jobIds })) };
}

/** Deletes documents, also after an interruption. @returns why that failed, if it did */
async function forget(
  deployment: Deployment,
  which: Parameters<typeof forgetDeadLetters>[2],
): Promise<Pick<PurgeResult, 'reason'>> {
  try {
    await forgetDeadLetters(deployment, AbortSignal.timeout(FORGET_MS), which);
    return {};
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

/** Deletes all dead letters. @returns about how many there were */
async function purgeQueue(
  { target, deadLetterQueueUrl: url }: Deployment,
  abortSignal: AbortSignal,
): Promise<number> {
  const { sqs } = target.clients;
  const { visible, inFlight, delayed } = await readDepth({ url, client: sqs });
  const deadLetters = visible + inFlight + delayed;
  if (deadLetters > 0) await sqs.send(new PurgeQueueCommand({ QueueUrl: url }), { abortSignal });
  return deadLetters;
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

function byFailure(one: ReceivedDeadLetter, other: ReceivedDeadLetter): number {
  const [a, b] = [one.lastFailedAt ?? '', other.lastFailedAt ?? ''];
  if (a !== b) return a < b ? -1 : 1;
  return (one.jobId ?? 0) - (other.jobId ?? 0);
}
