import type { JobId } from './ids.ts';
import { jobsOf, type Message } from './message.ts';

/** How often a job has failed so far, and why it did the last time; times are milliseconds since 1970. */
export interface Attempts {
  count: number;
  /** How often a worker died while it did this job and no other; not part of `count`. */
  deaths?: number;
  firstAt: number;
  lastAt: number;
  reason: string;
  /** The job said that trying again is useless. */
  permanent?: true;
  /** The sending of dead letters that these attempts belong to: each gives a job its attempts anew. */
  retry?: string;
  /** Sendings of dead letters before that, which may still be under way: their failures count for it, too. */
  overtaken?: string[];
}

/** What the ledger knows of a message's jobs. A job that is neither pending nor failed is counted as processed. */
export interface MessageRecord {
  /** One more with each change, so that a change can insist on what it was made from. */
  version: number;
  /** Not counted yet. */
  pending: JobId[];
  /** Counted as failed. */
  failed: JobId[];
  /** Of jobs that are pending or failed, by jobId. */
  attempts: Record<string, Attempts>;
  /**
   * A delivery took the message up with care (caution.ts): until when at most, which job if it was just one, and for
   * which sending of its dead letter.
   */
  underWay?: { until: number; job?: JobId; retry?: string };
  /** A worker died with several of the jobs under way: they are done one at a time. */
  alone?: true;
}

/** What came of a job that a worker took up. Jobs that it did not take up, or not to an end, have none. */
export type Outcome =
  | { kind: 'done'; jobId: JobId }
  | { kind: 'failed'; jobId: JobId; reason: string; permanent: boolean };

/** A change of the ledger: the message's new record, and what it adds to the worker's counters. */
export interface Settlement {
  record: MessageRecord;
  processed: number;
  failed: number;
  /** Jobs that were counted as failed and are processed now. */
  recovered: JobId[];
  /** Jobs that are counted as failed from now on. */
  givenUp: JobId[];
}

/** A job to give up on. */
export interface Doomed {
  jobId: JobId;
  attempts: Attempts;
}

/** So many sendings of one job's dead letter may be under way at once. */
const MAX_OVERTAKEN = 5;

/**
 * A job is given up after so many deaths of the worker that did it, whatever `maxAttempts`: fewer may be chance, since
 * workers are killed for reasons of their own, too.
 */
export const MAX_DEATHS = 3;

/** Failed jobs in one settlement, at most: each is a write of its own, of the 100 of a transaction. */
export const FAILED_AT_ONCE = 90;

/** The record of a message that was never counted. */
export function untouched(message: Message): MessageRecord {
  return {
    version: 0,
    pending: jobsOf({ ...message, retry: undefined } as unknown as Message),
    failed: [],
    attempts: {},
  };
}

/** The jobs that a delivery of the message still has to do: none twice, however often it is delivered. */
export function openJobs(message: Message, record: MessageRecord): JobId[] {
  if (!message.retry) return record.pending;
  const open = new Set([...record.pending, ...record.failed]);
  return jobsOf(message).filter((job) => open.has(job));
}

/**
 * Counts what was done, once, and notes the failed attempts; the message is no longer under way. Nothing when that
 * changes nothing. Of jobs that are counted as failed and turn out to be done it takes `FAILED_AT_ONCE`: the rest are for the next settlement.
 */
export function settle(
  message: Message,
  before: MessageRecord,
  outcomes: Outcome[],
  now: number,
): Settlement | undefined {
  const open = new Set(openJobs(message, before));
  // A job that has its document is done, even when another delivery has given it up meanwhile.
  const failed = new Set(before.failed);
  const recovered = recoverable(before, outcomes).slice(0, FAILED_AT_ONCE);
  const relevant = outcomes.filter(({ jobId, kind }) =>
    kind === 'done' && failed.has(jobId) ? recovered.includes(jobId) : open.has(jobId),
  );
  if (relevant.length === 0 && !before.underWay) return undefined;

  const done = new Set(relevant.flatMap((outcome) => (outcome.kind === 'done' ? [outcome.jobId] : [])));
  const attempts = Object.fromEntries(
    Object.entries(before.attempts).filter(([job]) => !done.has(Number(job) as JobId)),
  );
  for (const outcome of relevant) {
    if (outcome.kind === 'failed')
      attempts[outcome.jobId] = attempted(attempts[outcome.jobId], outcome, message.retry?.id, now);
  }
  const { underWay: _, ...record } = before;
  return {
    record: {
      ...record,
      version: before.version + 1,
      pending: before.pending.filter((job) => !done.has(job)),
      failed: before.failed.filter((job) => !done.has(job)),
      attempts,
    },
    processed: done.size,
    failed: 0 - recovered.length,
    recovered,
    givenUp: [],
  };
}

/** Jobs that are counted as failed, and are done. */
export function recoverable({ failed }: MessageRecord, outcomes: Outcome[]): JobId[] {
  return failed.filter((job) => outcomes.some(({ kind, jobId }) => kind === 'done' && jobId === job));
}

/** The jobs that this delivery must not try again: out of attempts, or failed for good. */
export function doomedJobs(message: Message, record: MessageRecord, maxAttempts: number): Doomed[] {
  return openJobs(message, record).flatMap((jobId) => {
    const attempts = record.attempts[jobId];
    // Attempts made before the dead letters were sent again don't count against this sending.
    if (!attempts || !areOf(attempts, message.retry?.id)) return [];
    const { count, deaths = 0, permanent } = attempts;
    return permanent || count >= maxAttempts || deaths >= MAX_DEATHS ? [{ jobId, attempts }] : [];
  });
}

/** Counts jobs as failed whose dead letters are kept by now. Nothing when they are counted already. */
export function giveUp(before: MessageRecord, jobs: JobId[]): Settlement | undefined {
  const givenUp = before.pending.filter((job) => jobs.includes(job));
  if (givenUp.length === 0) return undefined;
  return {
    record: {
      ...before,
      version: before.version + 1,
      pending: before.pending.filter((job) => !givenUp.includes(job)),
      failed: [...before.failed, ...givenUp],
    },
    processed: 0,
    failed: givenUp.length,
    recovered: [],
    givenUp,
  };
}

/**
 * A job's attempts with one more: a failure, or the death of the worker that did it.
 * @param sending of its dead letter, if it was for one
 */
export function attempted(
  earlier: Attempts | undefined,
  end: { reason: string; permanent: boolean } | 'death',
  sending: string | undefined,
  now: number,
): Attempts {
  const same = earlier && areOf(earlier, sending) ? earlier : undefined;
  const { retry, overtaken } = same ?? {
    retry: sending,
    overtaken: [earlier?.retry ?? [], earlier?.overtaken ?? []].flat().slice(0, MAX_OVERTAKEN),
  };
  const deaths = (same?.deaths ?? 0) + (end === 'death' ? 1 : 0);
  const { reason, permanent } = end === 'death' ? DEATH : end;
  return {
    count: (same?.count ?? 0) + (end === 'death' ? 0 : 1),
    ...(deaths > 0 && { deaths }),
    firstAt: earlier?.firstAt ?? now,
    lastAt: now,
    reason,
    ...(permanent && { permanent }),
    ...(retry !== undefined && { retry }),
    ...(overtaken?.length && { overtaken }),
  };
}

const DEATH = {
  reason: 'the worker died of it: it ended the process, ran out of memory, or blocked it past the time limit',
  permanent: false,
};

/**
 * Whether these attempts are those of this sending, or of one that has overtaken it, as any has overtaken
 * the first. Else two sendings of one dead letter would give the job its attempts anew by turns, for ever.
 */
function areOf({ retry, overtaken }: Attempts, sending: string | undefined): boolean {
  return sending === undefined || sending === retry || (overtaken?.includes(sending) ?? false);
}
