import { type JobId, RUN_ID, type RunId } from './ids.ts';
import * as z from './zod.ts';

/** Consecutive jobs of one tick. */
export interface MessageRange {
  runId: RunId;
  tick: number;
  /** First and last job, inclusive. */
  first: JobId;
  last: JobId;
}

/**
 * A message of the jobs queue: 1 to `MAX_JOBS_PER_MESSAGE` consecutive jobs of one tick.
 *
 * It contains the jobs' ids and not their inputs, which follow from the ids. Its range is its identity: for the ledger,
 * a message that was sent twice is one message.
 */
export interface Message extends MessageRange {
  /** Version of the format. A consumer sends messages of a newer version back to the queue: it is about to be replaced. */
  v: 1;
  /** When the slice that contains the message was claimed, in milliseconds since 1970. */
  enqueuedAt: number;
  /** Set if this message retries dead letters: it asks only for these jobs. A later retry has a higher `round`. */
  retry?: { round: number; jobs: JobId[] };
  /** Set if a worker sent the message back to the queue. */
  returned?: Returned;
}

/**
 * The history of a message that a worker sent back to the queue. For SQS it is a new message whose receive count starts
 * again, so the receive count shows only the deaths of workers and no intended returns.
 */
export interface Returned {
  /** How often the message was sent back, from 1. */
  times: number;
  /** Earliest time of the next attempt, in milliseconds since 1970. SQS can delay a message for only 15 minutes. */
  notBefore: number;
  /** How often it was received again without being sent back, since a worker last survived its jobs. */
  unexplained?: number;
  /** Ids of leases whose holders survived but could not record it in the ledger. */
  survived?: string[];
}

/** Maximum jobs per message: 500 failed jobs with their reasons fit a DynamoDB item of 400 kB. */
export const MAX_JOBS_PER_MESSAGE = 500;

/** Maximum survived leases per message. The newest are kept, because a newer lease replaces an older one. */
export const MAX_SURVIVED = 5;

/** Maximum value of the return counters; no real message reaches it before it expires. */
export const MAX_RETURNS = 1_000_000;

/** The latest time that a JavaScript `Date` can represent, in milliseconds since 1970. */
const MAX_DATE_MS = 8.64e15;

const jobId = z.int().check(z.positive());

/** Unknown fields are kept, so that a message from newer code does not lose them when it is sent back. */
const schema = z.looseObject({
  v: z.literal(1),
  runId: z.string().check(z.regex(RUN_ID)),
  tick: z.int().check(z.positive()),
  first: jobId,
  last: jobId,
  enqueuedAt: z.int().check(z.nonnegative(), z.maximum(MAX_DATE_MS)),
  retry: z.optional(
    z.object({
      round: z.int().check(z.positive()),
      jobs: z.array(jobId).check(z.minLength(1), z.maxLength(MAX_JOBS_PER_MESSAGE)),
    }),
  ),
  returned: z.optional(
    z.object({
      times: z.int().check(z.positive(), z.maximum(MAX_RETURNS)),
      notBefore: z.int().check(z.nonnegative(), z.maximum(MAX_DATE_MS)),
      unexplained: z.optional(z.int().check(z.positive(), z.maximum(MAX_RETURNS))),
      survived: z.optional(
        z.array(z.string().check(z.regex(/^[\w-]{1,64}$/))).check(z.maxLength(MAX_SURVIVED)),
      ),
    }),
  ),
});

/** `newer`: a newer version of the code wrote it. `returns`: how often it was sent back. */
export type ParsedMessage =
  | { message: Message }
  | { malformed: string; newer?: { body: object; returns: number } };

/** A message that a newer version of the code wrote. Every version keeps the number of returns in this place. */
const newerSchema = z.looseObject({
  v: z.int().check(z.minimum(2), z.maximum(1_000)),
  returned: z.optional(z.looseObject({ times: z.int().check(z.positive(), z.maximum(MAX_RETURNS)) })),
});

/** Parses a message's body. Never throws; `malformed` gives the reason if the body is not a valid message. */
export function parseMessage(body: string): ParsedMessage {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { malformed: body === '' ? 'the message is empty' : 'the message is not JSON' };
  }
  const newer = newerSchema.safeParse(json).data;
  if (newer) {
    const malformed = `v: ${newer.v} is a newer version of the format; deploy the version that wrote it`;
    return { malformed, newer: { body: newer, returns: newer.returned?.times ?? 0 } };
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join('.') || 'the message';
    return { malformed: `${where}: ${issue?.message ?? 'not a message of Drumline'}` };
  }
  const message = parsed.data as unknown as Message;
  if (message.last < message.first) return { malformed: `last: job ${message.last} comes before first` };
  if (message.last - message.first >= MAX_JOBS_PER_MESSAGE)
    return { malformed: `last: more than ${MAX_JOBS_PER_MESSAGE} jobs in one message` };
  if (message.retry?.jobs.some((job) => job < message.first || job > message.last))
    return { malformed: 'retry.jobs: a job outside of the message' };
  return { message };
}

/** The jobs that a message asks for, each once. */
export function jobsToRun(message: Message): JobId[] {
  return message.retry ? [...new Set(message.retry.jobs)] : jobsInRange(message);
}

/** All jobs of a range, in ascending order. */
export function jobsInRange({ first, last }: MessageRange): JobId[] {
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) as JobId);
}

/** Identifies a message by its range. A message, its duplicates and its retries have the same key. */
export function messageKey({ runId, tick, first, last }: MessageRange): string {
  return `${runId}#${tick}#${first}-${last}`;
}
