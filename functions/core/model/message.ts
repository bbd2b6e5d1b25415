import * as z from '../zod.ts';
import { type JobId, RUN_ID, type RunId } from './ids.ts';

/** Consecutive jobs of one tick. */
export interface MessageRange {
  runId: RunId;
  tick: number;
  /** First and last job, both included. */
  first: JobId;
  last: JobId;
}

/**
 * What travels through the jobs queue: 1..N consecutive jobs of one tick.
 *
 * A message names its jobs and does not carry them (a job's input follows from its id), so that a message costs the
 * same whatever the work. Its range is its identity: a message sent twice is one message to the ledger.
 */
export interface Message extends MessageRange {
  /** The format's version. A consumer sends a version that it doesn't know to the dead letters, where it is kept. */
  v: 1;
  /** When its slice was claimed, milliseconds since 1970. */
  enqueuedAt: number;
  /** Set when dead letters are sent again: only these jobs of the range, and the retry's number. A later retry has a higher one. */
  retry?: { round: number; jobs: JobId[] };
  /** Set when a worker has sent the message back. */
  returned?: Returned;
}

/**
 * What a worker says of a message that it sends back to the queue. SQS remembers nothing else of it: the message is a new
 * one, so that its receive count tells of workers that died, and of nothing that was done on purpose.
 */
export interface Returned {
  /** How often it was sent back, from 1. */
  times: number;
  /** When it is to be worked on again, milliseconds since 1970. SQS delays a message for at most 15 minutes. */
  notBefore: number;
  /** How often it came back without being sent back, since a worker last lived through its jobs. */
  unexplained?: number;
  /** Leases on it whose holders live, and could not tell the ledger. */
  survived?: string[];
}

/** The most jobs that may share a message: 500 failed jobs and their reasons fit a DynamoDB item of 400 kB. */
export const MAX_JOBS_PER_MESSAGE = 500;

/** The most leases that a message names: the newest ones, since a newer lease has written over an older one. */
export const MAX_SURVIVED = 5;

/** More returns than any message has in the time that it is kept. */
export const MAX_RETURNS = 1_000_000;

/** The last moment that JavaScript has a date for; a document needs one. */
const LAST_MOMENT = 8.64e15;

const jobId = z.int().check(z.positive());

/** Fields of a later version are kept: a message that is sent back must not lose them. */
const schema = z.looseObject({
  v: z.literal(1),
  runId: z.string().check(z.regex(RUN_ID)),
  tick: z.int().check(z.positive()),
  first: jobId,
  last: jobId,
  enqueuedAt: z.int().check(z.nonnegative(), z.maximum(LAST_MOMENT)),
  retry: z.optional(
    z.object({
      round: z.int().check(z.positive()),
      jobs: z.array(jobId).check(z.minLength(1), z.maxLength(MAX_JOBS_PER_MESSAGE)),
    }),
  ),
  returned: z.optional(
    z.object({
      times: z.int().check(z.positive(), z.maximum(MAX_RETURNS)),
      notBefore: z.int().check(z.nonnegative(), z.maximum(LAST_MOMENT)),
      unexplained: z.optional(z.int().check(z.positive(), z.maximum(MAX_RETURNS))),
      survived: z.optional(
        z.array(z.string().check(z.regex(/^[\w-]{1,64}$/))).check(z.maxLength(MAX_SURVIVED)),
      ),
    }),
  ),
});

export type ParsedMessage = { message: Message } | { malformed: string };

/** Reads a message's body; never throws. What can't be a message says why in `malformed`. */
export function parseMessage(body: string): ParsedMessage {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { malformed: body === '' ? 'the message is empty' : 'the message is not JSON' };
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

/** The jobs that a message asks for. */
export function jobsToRun(message: Message): JobId[] {
  return message.retry ? [...new Set(message.retry.jobs)] : jobsInRange(message);
}

/** All jobs of a range, in their order. */
export function jobsInRange({ first, last }: MessageRange): JobId[] {
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) as JobId);
}

/** Names a message by the jobs it stands for, and so is the same for a message and its duplicates and retries. */
export function messageKey({ runId, tick, first, last }: MessageRange): string {
  return `${runId}#${tick}#${first}-${last}`;
}
