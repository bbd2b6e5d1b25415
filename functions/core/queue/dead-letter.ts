import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { MAX_REASON_CHARACTERS, reasonFrom } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import { jobsToRun, type Message, parseMessage } from '../model/message.ts';
import type { ExhaustedJob } from '../model/message-record.ts';
import { MAX_BATCH_BYTES, type OutgoingMessage } from './queue.ts';

/** Why something was given up on, as the dead-letter queue keeps it. */
export interface DeadLetter {
  /** The job, or nothing for a message that no job can be read from. */
  jobId?: JobId;
  runId?: RunId;
  reason: string;
  attempts: number;
  /** ISO 8601; absent for what came by the queue's own redrive policy. */
  firstFailedAt?: string;
  lastFailedAt?: string;
  /** How many jobs the message stands for; 1 but for what came by the redrive policy. */
  jobs: number;
}

/** Attribute names on a dead letter. */
const REASON = 'reason';
const ATTEMPTS = 'attempts';
const FIRST = 'firstFailedAt';
const LAST = 'lastFailedAt';
const RUN = 'runId';
const JOB = 'jobId';

/**
 * The dead letter of one job. Its body is a message already: sent to the jobs queue again, it asks for that one job.
 * @param round the number of the retry that it asks for, so that SQS's own redrive gives the job its attempts anew, too
 */
export function deadLetterFor(
  message: Message,
  { jobId, attempts }: ExhaustedJob,
  round: number,
): OutgoingMessage {
  const { returned: _, ...kept } = message;
  const body: Message = { ...kept, retry: { round, jobs: [jobId] } };
  return {
    MessageBody: JSON.stringify(body),
    MessageAttributes: {
      [REASON]: text(attempts.reason),
      [ATTEMPTS]: number(attempts.count + (attempts.deaths ?? 0)),
      [FIRST]: text(new Date(attempts.firstAt).toISOString()),
      [LAST]: text(new Date(attempts.lastAt).toISOString()),
      [RUN]: text(message.runId),
      [JOB]: number(jobId),
    },
  };
}

/** What a malformed message may have of the largest message that SQS takes, so that its reason fits beside it. */
const MAX_BODY_BYTES = MAX_BATCH_BYTES - 4_096;

/** The dead letter of a message that no job can be read from: kept whole, whatever it is, as far as there is room. */
export function malformedDeadLetter(body: string, reason: string, now: number): OutgoingMessage {
  const at = text(new Date(now).toISOString());
  const kept = Buffer.from(body)
    .subarray(0, MAX_BODY_BYTES)
    .toString()
    .replace(/\uFFFD$/u, '');
  return {
    // SQS takes no empty body, nor had the queue one; a redelivery of nothing would be lost otherwise.
    MessageBody: kept === '' ? ' ' : kept,
    MessageAttributes: {
      [REASON]: text(`malformed: ${reasonFrom(new Error(reason))}`),
      [ATTEMPTS]: number(1),
      [FIRST]: at,
      [LAST]: at,
    },
  };
}

/** Reads a message of the dead-letter queue, by whichever way it got there. */
export function readDeadLetter(
  body: string,
  attributes: Record<string, MessageAttributeValue> | undefined,
  receives: number,
): DeadLetter {
  const value = (name: string) => attributes?.[name]?.StringValue;
  const parsed = parseMessage(body);
  const message = 'message' in parsed ? parsed.message : undefined;
  const reason = value(REASON);
  if (reason === undefined) {
    return {
      ...(message && { runId: message.runId, jobs: jobsToRun(message).length }),
      ...(!message && { jobs: 0 }),
      reason: 'received too often without an outcome (the queue’s redrive policy)',
      attempts: receives,
    } as DeadLetter;
  }
  const jobId = value(JOB);
  return {
    ...(jobId !== undefined && { jobId: Number(jobId) as JobId }),
    ...(message && { runId: message.runId }),
    reason,
    attempts: Number(value(ATTEMPTS) ?? 0),
    ...(value(FIRST) !== undefined && { firstFailedAt: value(FIRST) as string }),
    ...(value(LAST) !== undefined && { lastFailedAt: value(LAST) as string }),
    jobs: jobId === undefined ? 0 : 1,
  };
}

/**
 * The body to send to the jobs queue so that the dead letter is tried again, with its attempts anew.
 * @param now milliseconds since 1970, which numbers the retry
 */
export function retryMessageBody(body: string, now: number): string {
  const parsed = parseMessage(body);
  if (!('message' in parsed) || !parsed.message.retry) return body;
  const { message } = parsed;
  const { round, jobs } = parsed.message.retry;
  return JSON.stringify({ ...message, retry: { round: Math.max(round, now), jobs } });
}

function text(value: string): MessageAttributeValue {
  return { DataType: 'String', StringValue: value.slice(0, MAX_REASON_CHARACTERS + 20) || '-' };
}

function number(value: number): MessageAttributeValue {
  return { DataType: 'Number', StringValue: String(value) };
}
