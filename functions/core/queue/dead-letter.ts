import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { MAX_REASON_CHARACTERS, reasonFrom } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import type { ItemEntry } from '../model/item.ts';
import { jobsToRun, type Message, parseMessage } from '../model/message.ts';
import type { ExhaustedJob } from '../model/message-record.ts';
import { MAX_BATCH_BYTES, type OutgoingMessage } from './queue.ts';

/** A message of the dead-letter queue: a job that was given up, and why. */
export interface DeadLetter {
  /** Absent for a malformed message, and for one that the redrive policy moved. */
  jobId?: JobId;
  runId?: RunId;
  reason: string;
  attempts: number;
  /** ISO 8601. Absent if the queue's redrive policy moved the message. */
  firstFailedAt?: string;
  lastFailedAt?: string;
  /** The job's item. Absent if it could not be read. */
  item?: unknown;
  /** Number of jobs: 0 for a malformed message, all of the message's jobs if the redrive policy moved it, otherwise 1. */
  jobs: number;
}

/** Message attributes of a dead letter. */
const REASON = 'reason';
const ATTEMPTS = 'attempts';
const FIRST = 'firstFailedAt';
const LAST = 'lastFailedAt';
const RUN = 'runId';
const JOB = 'jobId';

/** A message with the item of its job: for people, and for programs that read the dead letters. Workers ignore the item. */
type MessageWithItem = Message & { item?: unknown };

/** Characters that SQS rejects and JSON.stringify does not escape ("SendMessage", MessageBody). */
const NON_CHARACTERS = /[\uFFFE\uFFFF]/g;

/**
 * The dead letter of one job. Its body is a message that asks for this job, so that it can be sent to the jobs queue. An
 * item has at most `MAX_JSON_CHARACTERS`, at most three bytes each, so the body is below SQS's limit.
 * @param round the number of the retry that it asks for. It resets the job's attempts, also after a redrive by SQS.
 * @param entry the job's item
 */
export function deadLetterFor(
  message: Message,
  { jobId, attempts }: ExhaustedJob,
  round: number,
  entry?: ItemEntry,
): OutgoingMessage {
  // The message may itself be a dead letter that SQS has moved back, with the item of another job.
  const { returned: _, item: __, ...rest }: MessageWithItem = message;
  const body: MessageWithItem = {
    ...rest,
    retry: { round, jobs: [jobId] },
    ...(entry && 'item' in entry && { item: entry.item }),
  };
  return {
    MessageBody: JSON.stringify(body).replace(
      NON_CHARACTERS,
      (character) => `\\u${character.charCodeAt(0).toString(16)}`,
    ),
    MessageAttributes: {
      [REASON]: stringAttribute(attempts.reason),
      [ATTEMPTS]: numberAttribute(attempts.count + (attempts.deaths ?? 0)),
      [FIRST]: stringAttribute(new Date(attempts.firstAt).toISOString()),
      [LAST]: stringAttribute(new Date(attempts.lastAt).toISOString()),
      [RUN]: stringAttribute(message.runId),
      [JOB]: numberAttribute(jobId),
    },
  };
}

/** Maximum bytes of a malformed message's body. The rest of SQS's limit is reserved for the reason. */
const MAX_BODY_BYTES = MAX_BATCH_BYTES - 4_096;

/**
 * The dead letter of a malformed message. Its body is kept, truncated to `MAX_BODY_BYTES`.
 * @param now milliseconds since 1970
 */
export function malformedDeadLetter(body: string, reason: string, now: number): OutgoingMessage {
  const failedAt = stringAttribute(new Date(now).toISOString());
  const kept = Buffer.from(body)
    .subarray(0, MAX_BODY_BYTES)
    .toString()
    .replace(/\uFFFD$/u, '');
  return {
    // SQS rejects an empty body.
    MessageBody: kept === '' ? ' ' : kept,
    MessageAttributes: {
      [REASON]: stringAttribute(`malformed: ${reasonFrom(new Error(reason))}`),
      [ATTEMPTS]: numberAttribute(1),
      [FIRST]: failedAt,
      [LAST]: failedAt,
    },
  };
}

/** Reads a message of the dead-letter queue. Never throws. @param receives its ApproximateReceiveCount */
export function readDeadLetter(
  body: string,
  attributes: Record<string, MessageAttributeValue> | undefined,
  receives: number,
): DeadLetter {
  const value = (name: string) => attributes?.[name]?.StringValue;
  const parsed = parseMessage(body);
  const message: MessageWithItem | undefined = 'message' in parsed ? parsed.message : undefined;
  const reason = value(REASON);
  if (reason === undefined) {
    return {
      ...(message && { runId: message.runId }),
      jobs: message ? jobsToRun(message).length : 0,
      reason: 'received too often without an outcome (the queue’s redrive policy)',
      attempts: receives,
    };
  }
  const jobId = value(JOB);
  return {
    ...(jobId !== undefined && { jobId: Number(jobId) as JobId }),
    ...(message && { runId: message.runId }),
    ...(message && 'item' in message && { item: message.item }),
    reason,
    attempts: Number(value(ATTEMPTS) ?? 0),
    ...(value(FIRST) !== undefined && { firstFailedAt: value(FIRST) as string }),
    ...(value(LAST) !== undefined && { lastFailedAt: value(LAST) as string }),
    jobs: jobId === undefined ? 0 : 1,
  };
}

/**
 * The body of the message that retries a dead letter, with its attempts reset and without its item.
 * @param body of the dead letter; returned unchanged if it does not request a retry
 * @param now milliseconds since 1970; becomes the retry's number
 */
export function retryMessageBody(body: string, now: number): string {
  const parsed = parseMessage(body);
  if (!('message' in parsed) || !parsed.message.retry) return body;
  const { item: _, ...message }: MessageWithItem = parsed.message;
  const { round, jobs } = parsed.message.retry;
  return JSON.stringify({ ...message, retry: { round: Math.max(round, now), jobs } });
}

function stringAttribute(value: string): MessageAttributeValue {
  return { DataType: 'String', StringValue: value.slice(0, MAX_REASON_CHARACTERS + 20) || '-' };
}

function numberAttribute(value: number): MessageAttributeValue {
  return { DataType: 'Number', StringValue: String(value) };
}
