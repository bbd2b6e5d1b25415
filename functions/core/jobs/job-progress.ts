import { type Backoff, retryDelaySeconds } from '../consume/backoff.ts';
import type { JobId } from '../model/ids.ts';
import { deadLetterState, exhaustedJobs, type MessageRecord } from '../model/message-record.ts';

/**
 * How far a job is:
 *
 *     not enqueued ─► waiting ─► processed
 *                        └─► retrying ─┬─► processed
 *                               ▲      └─► dead (a dead letter)
 *                               └─ sent again ─┘
 *
 * A job is `unknown` if the ledger's record of its message has expired and it has no document, e.g. because the index was
 * deleted.
 */
export type JobState = 'not enqueued' | 'waiting' | 'retrying' | 'processed' | 'dead' | 'unknown';

/** How far a job is, and how its attempts ended. Times are ISO 8601. */
export interface JobProgress {
  state: JobState;
  /** The failed attempts of a job that is not processed. */
  attempts?: {
    /** Since the job's dead letter was last sent again, if it was. */
    failed: number;
    /** How often a worker died while it ran this job alone. */
    deaths: number;
    firstAt: string;
    lastAt: string;
    /** Of the last attempt. */
    reason: string;
    /** Whether the job said that retrying is useless. */
    permanent: boolean;
  };
  /** When the next attempt begins, at the earliest and at the latest if a worker is free. */
  nextAttempt?: { from: string; to: string };
}

/** When failed jobs are tried again. */
export interface RetryRules {
  /** Maximum number of failed attempts before a job is given up. */
  maxAttempts: number;
  backoff: Backoff;
}

/** What is known about a job. */
export interface JobFacts {
  jobId: JobId;
  /** When it was enqueued, in milliseconds since 1970; undefined if it was not. */
  enqueuedAt: number | undefined;
  /** The record of its message; undefined if there is none (any more). */
  record: MessageRecord | undefined;
  hasDocument: boolean;
  rules: RetryRules;
  /** Milliseconds since 1970. */
  now: number;
}

/** No queue keeps a message for longer, in milliseconds ("Amazon SQS message quotas": 14 days). */
const MAX_RETENTION_MS = 14 * 86_400_000;

/** Decides how far a job is. */
export function jobProgress({ jobId, enqueuedAt, record, hasDocument, rules, now }: JobFacts): JobProgress {
  if (enqueuedAt === undefined) return { state: 'not enqueued' };
  // Records without failed jobs expire long after the job was processed.
  if (!record && hasDocument) return { state: 'processed' };
  if (!record) return { state: now - enqueuedAt > MAX_RETENTION_MS ? 'unknown' : 'waiting' };
  const isDead = record.failed.includes(jobId);
  if (!isDead && !record.pending.includes(jobId)) return { state: 'processed' };
  const attempts = record.attempts[jobId];
  if (!attempts) return { state: isDead ? 'dead' : 'waiting' };
  const { count, deaths = 0, firstAt, lastAt, reason, permanent = false, round = 0 } = attempts;
  const state = deadLetterState(record, jobId);
  const isSentAgain = isDead && state === 'retrying';
  const rounds = new Map(isSentAgain ? [[jobId, round]] : []);
  const isExhausted = exhaustedJobs(record, { all: !isSentAgain, rounds }, rules.maxAttempts).some(
    (job) => job.jobId === jobId,
  );
  // A message waits for the job that has failed most often.
  const failures = Math.max(1, ...[...record.pending, jobId].map((job) => record.attempts[job]?.count ?? 0));
  const after = (random: number) => iso(lastAt + retryDelaySeconds(rules.backoff, failures, random) * 1_000);
  return {
    state,
    attempts: {
      failed: count,
      deaths,
      firstAt: iso(firstAt),
      lastAt: iso(lastAt),
      reason,
      permanent,
    },
    ...(state === 'retrying' && !isExhausted && { nextAttempt: { from: after(0), to: after(1) } }),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
