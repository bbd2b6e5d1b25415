import type { JobId, RunId } from './ids.ts';
import type { ResultsIndex } from './index-name.ts';
import type { Message, MessageRange } from './message.ts';

/**
 * One firing of the schedule, and how far its jobs are on their way:
 *
 *     firstJob                                             firstJob + count
 *        │  sent: in the queue   │ being sent │ not yet enqueued  │
 *        ├───────────────────────┼────────────┼───────────────────┤
 *        0                      sent       claimed              count
 *
 * `claimed` moves together with the run's `enqueued`, before the jobs are sent, so that no job is ever processed
 * that is not counted as enqueued. Whoever finds `sent < claimed` and nobody at it sends that slice (again).
 */
export interface Tick {
  runId: RunId;
  tick: number;
  firstJob: JobId;
  /** How many jobs are due. */
  count: number;
  claimed: number;
  sent: number;
  /** Fixed when the tick is claimed: the borders of its messages stay the same whoever sends them. */
  jobsPerMessage: number;
  /** Milliseconds since 1970. */
  dueAt: number;
  claimedAt: number;
  /**
   * When the slice from `sent` to `claimed` was claimed. Its messages say so whoever sends them, and however late: by that
   * a consumer tells whether the ledger may have forgotten them.
   */
  sliceClaimedAt: number;
  /** How long its jobs are spread over, in milliseconds; 0 for all at once. */
  spreadMs: number;
  /** Where its jobs' documents belong, whoever writes them and however late. */
  index: ResultsIndex;
}

/** How a tick's jobs are packed into messages. */
export interface PackingRule {
  /** The most jobs that share a message. */
  jobsPerMessage: number;
  /** A tick has at least so many messages, if it has so many jobs. */
  minMessages: number;
}

/** As many messages as make ten batches of ten: with fewer, a small tick would be one worker's, however many there are. */
export const MIN_MESSAGES_PER_TICK = 100;

/** How many jobs share a message of a tick: fewer than may, where the tick is small. */
export function jobsPerMessageOf(jobs: number, { jobsPerMessage, minMessages }: PackingRule): number {
  return Math.max(1, Math.min(jobsPerMessage, Math.floor(jobs / minMessages)));
}

/** Jobs from..to of a tick, counted from its first: `from` included, `to` not. */
export interface Slice {
  from: number;
  to: number;
}

/** When a job is due, by its index in the tick, from 0; in milliseconds since 1970. */
export function jobDueAt(tick: Tick, index: number): number {
  return tick.dueAt + Math.floor((tick.spreadMs * index) / tick.count);
}

/**
 * The next slice to claim: at most `messages` messages whose first jobs are due by `until`. Nothing when the whole
 * tick is claimed, or all that is not is due later.
 */
export function nextSlice(tick: Tick, messages: number, until: number): Slice | undefined {
  const from = tick.claimed;
  let to = from;
  for (let left = messages; left > 0 && to < tick.count && jobDueAt(tick, to) <= until; left--)
    to = Math.min(tick.count, to + tick.jobsPerMessage);
  return to > from ? { from, to } : undefined;
}

/** The messages of the slice that is claimed and not yet sent. A slice starts on a message's border. */
export function messagesToSend(tick: Tick): Message[] {
  const messages: Message[] = [];
  for (let from = tick.sent; from < tick.claimed; from += tick.jobsPerMessage) {
    const range = messageContaining(tick, (tick.firstJob + from) as JobId);
    messages.push({ v: 1, ...range, enqueuedAt: tick.sliceClaimedAt });
  }
  return messages;
}

/** The message that has a job of the tick. */
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
 * Whether the message is one that this tick has claimed, border for border. A made-up range would be counted
 * under a name of its own, and its jobs a second time.
 */
export function ownsMessage(tick: Tick, message: Message): boolean {
  const end = message.last + 1 - tick.firstJob;
  if (message.first < tick.firstJob || end > tick.claimed) return false;
  const { first, last } = messageContaining(tick, message.first);
  return first === message.first && last === message.last;
}
