import type { JobId, RunId } from './ids.ts';
import type { ResultsIndex } from './index-name.ts';
import type { Message, MessageRange } from './message.ts';
import type { TickItems } from './pass.ts';

/**
 * One firing of the schedule, and the progress of enqueueing its jobs:
 *
 *     firstJob                                             firstJob + count
 *        │  sent: in the queue   │ being sent │ not yet enqueued  │
 *        ├───────────────────────┼────────────┼───────────────────┤
 *        0                      sent       claimed              count
 *
 * `claimed` grows in the same transaction as the run's `enqueued`, before the jobs are sent, so every job is counted as
 * enqueued before it can be processed. A scheduler that finds `sent < claimed` and no lease sends that slice again.
 */
export interface Tick {
  runId: RunId;
  tick: number;
  firstJob: JobId;
  /** Number of jobs. */
  count: number;
  claimed: number;
  sent: number;
  /** Fixed when the tick is claimed, so that every scheduler divides the tick into the same messages. */
  jobsPerMessage: number;
  /** Milliseconds since 1970. */
  dueAt: number;
  claimedAt: number;
  /**
   * When the slice from `sent` to `claimed` was claimed. Its messages contain this time even if they are sent again much
   * later, so that a consumer can tell whether their records may have expired.
   */
  sliceClaimedAt: number;
  /** The time over which the jobs are spread, in milliseconds, at most `MAX_SPREAD_MS`; 0 sends all at once. */
  spreadMs: number;
  /** The index for the jobs' documents. */
  index: ResultsIndex;
  /** Where the jobs' items are. Without it, a job's item is its jobId. */
  items?: TickItems;
}

/**
 * The longest time over which a tick's jobs are spread, in milliseconds. A cron line may have a year between two ticks,
 * but the bucket forgets a tick's items after KEPT_DAYS (pass.ts), which allow for this day.
 */
export const MAX_SPREAD_MS = 86_400_000;

/** A range of a tick's jobs, as indices from 0: `from` is included, `to` is not. */
export interface Slice {
  from: number;
  to: number;
}

/** When a job is due, in milliseconds since 1970. @param index the job's index in the tick, from 0 */
export function jobDueAt(tick: Tick, index: number): number {
  return tick.dueAt + Math.floor((tick.spreadMs * index) / tick.count);
}

/**
 * When a message of the tick could first be received, in milliseconds since 1970. Spread jobs are sent up to 15 minutes
 * before they are due, with a delay.
 */
export function receivableAt(tick: Tick, { first, enqueuedAt }: Message): number {
  return Math.max(enqueuedAt, jobDueAt(tick, first - tick.firstJob));
}

/**
 * The next slice to claim, or undefined if no unclaimed job is due by `until`.
 * @param messages maximum number of messages in the slice
 * @param until a message belongs to the slice if its first job is due by then, in milliseconds since 1970
 */
export function nextSlice(tick: Tick, messages: number, until: number): Slice | undefined {
  const from = tick.claimed;
  let to = from;
  for (let remaining = messages; remaining > 0 && to < tick.count && jobDueAt(tick, to) <= until; remaining--)
    to = Math.min(tick.count, to + tick.jobsPerMessage);
  return to > from ? { from, to } : undefined;
}

/** The messages of the slice that is claimed but not sent. A slice starts at the first job of a message. */
export function messagesToSend(tick: Tick): Message[] {
  const messages: Message[] = [];
  for (let from = tick.sent; from < tick.claimed; from += tick.jobsPerMessage) {
    const range = messageContaining(tick, (tick.firstJob + from) as JobId);
    messages.push({ v: 1, ...range, enqueuedAt: tick.sliceClaimedAt });
  }
  return messages;
}

/** The range of the message that contains a job of the tick. */
export function messageContaining(
  { runId, tick, firstJob, count, jobsPerMessage }: Tick,
  jobId: JobId,
): MessageRange {
  const index = jobId - firstJob;
  const first = index - (index % jobsPerMessage);
  const end = Math.min(first + jobsPerMessage, count);
  return { runId, tick, first: (firstJob + first) as JobId, last: (firstJob + end - 1) as JobId };
}

/**
 * Whether the tick has claimed exactly this message. A forged range would have another key in the ledger, and its jobs
 * would be counted twice.
 */
export function ownsMessage(tick: Tick, message: Message): boolean {
  const end = message.last + 1 - tick.firstJob;
  if (message.first < tick.firstJob || end > tick.claimed) return false;
  const { first, last } = messageContaining(tick, message.first);
  return first === message.first && last === message.last;
}
