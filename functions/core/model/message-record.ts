import type { JobId } from './ids.ts';
import { jobsInRange, type MessageRange } from './message.ts';

/**
 * What the ledger knows of one message's jobs, and the rules by which one record follows from another. Each rule is a
 * pure function, and returns the very record that it was given when it changes nothing.
 *
 *               applyOutcomes: done                 applyOutcomes: done (its dead letter was sent again)
 *     pending ───────────────────► processed ◄─────────────────────────────── failed
 *        │                                                                      ▲
 *        └─ applyOutcomes: failed, recordDeath ─► exhausted ─ deadLettered ─────┘
 */
export interface MessageRecord {
  /** One more with each write, so that a write can insist on what it was made from; 0 before the first. */
  version: number;
  /** Jobs that are not counted yet. A job that is neither pending nor failed is counted as processed. */
  pending: JobId[];
  /** Jobs that are counted as failed. */
  failed: JobId[];
  /** Of jobs that are pending or failed, by jobId. */
  attempts: Record<string, Attempts>;
  /** A delivery is running jobs of the message that a worker may die of. */
  lease?: Lease;
  /** A worker died while it ran several of the jobs: from now on each runs alone. */
  isolated?: true;
}

/** How often a job has failed, and why it did the last time. Times are milliseconds since 1970. */
export interface Attempts {
  /** Attempts that failed. */
  count: number;
  /** How often a worker died while it ran this job and no other; not part of `count`. */
  deaths?: number;
  firstAt: number;
  lastAt: number;
  reason: string;
  /** The job said that trying again is useless. */
  permanent?: true;
  /** The retry that these attempts belong to. Each later retry gives the job its attempts anew. Absent for the first. */
  round?: number;
  /** Retries up to this one are answered: the job's dead letter is kept. */
  letter?: number;
}

/** Taken before a job runs that a worker may die of. A lease that outlives its invocation is the record of a death. */
export interface Lease {
  id: string;
  /** When the invocation is over, milliseconds since 1970. */
  until: number;
  /** The only job that runs under it, if it is just one. */
  job?: JobId;
  /** The retry that this job runs for, if it is one. */
  round?: number;
}

/** Which of a message's jobs are asked for: all of them, and some of them by retries, with the number of the newest. */
export interface RequestedJobs {
  whole: boolean;
  rounds: ReadonlyMap<JobId, number>;
}

/** What came of a job that was run to its end. */
export type Outcome =
  | { kind: 'done'; jobId: JobId }
  | { kind: 'failed'; jobId: JobId; reason: string; permanent: boolean };

/** A job that must not be tried again. */
export interface ExhaustedJob {
  jobId: JobId;
  attempts: Attempts;
}

/**
 * A job is given up after so many deaths of the worker that ran it alone, whatever `maxAttempts` says. Fewer may be bad
 * luck: workers are killed for reasons of their own, too.
 */
export const MAX_DEATHS = 3;

/** The record of a message that was never written. */
export function newRecord(message: MessageRange): MessageRecord {
  return { version: 0, pending: jobsInRange(message), failed: [], attempts: {} };
}

/**
 * The jobs that are asked for and not settled. A pending job is open to all. A failed job is open only to a retry that is
 * newer than its dead letter.
 */
export function openJobs(record: MessageRecord, { whole, rounds }: RequestedJobs): JobId[] {
  if (whole && record.failed.length === 0) return record.pending;
  const pending = record.pending.filter((job) => whole || rounds.has(job));
  const failed = record.failed.filter((job) => (rounds.get(job) ?? 0) > (record.attempts[job]?.letter ?? 0));
  return [...pending, ...failed];
}

/**
 * Settles jobs that are done, notes attempts that failed, and ends the lease. A job that has its document is done, even if
 * another delivery has given it up meanwhile.
 * @param now milliseconds since 1970
 */
export function applyOutcomes(
  record: MessageRecord,
  asked: RequestedJobs,
  outcomes: readonly Outcome[],
  now: number,
): MessageRecord {
  const unprocessed = new Set([...record.pending, ...record.failed]);
  const open = new Set(openJobs(record, asked));
  const done = new Set<JobId>();
  const failures: Extract<Outcome, { kind: 'failed' }>[] = [];
  for (const outcome of outcomes) {
    if (outcome.kind === 'done' && unprocessed.has(outcome.jobId)) done.add(outcome.jobId);
    if (outcome.kind === 'failed' && open.has(outcome.jobId)) failures.push(outcome);
  }
  if (done.size === 0 && failures.length === 0 && !record.lease) return record;
  const attempts = { ...record.attempts };
  for (const job of done) delete attempts[job];
  for (const failure of failures)
    attempts[failure.jobId] = attempted(
      attempts[failure.jobId],
      failure,
      asked.rounds.get(failure.jobId),
      now,
    );
  const { lease: _, ...rest } = record;
  return {
    ...rest,
    pending: record.pending.filter((job) => !done.has(job)),
    failed: record.failed.filter((job) => !done.has(job)),
    attempts,
  };
}

/** Takes the lease, whoever had it before. */
export function acquireLease(record: MessageRecord, lease: Lease): MessageRecord {
  return { ...record, lease };
}

/**
 * Whether another delivery may be running the message's jobs.
 * @param survived leases whose holders have said that they live
 * @param now milliseconds since 1970
 */
export function isLeased({ lease }: MessageRecord, survived: readonly string[], now: number): boolean {
  return lease !== undefined && lease.until > now && !survived.includes(lease.id);
}

/** Notes the death of a worker whose lease has outlived it. The parameters are those of `isLeased`. */
export function recordDeath(record: MessageRecord, survived: readonly string[], now: number): MessageRecord {
  const { lease, ...rest } = record;
  if (!lease || survived.includes(lease.id) || isLeased(record, survived, now)) return record;
  const { job, round } = lease;
  const isOpen = job !== undefined && (record.pending.includes(job) || record.failed.includes(job));
  return {
    ...rest,
    isolated: true,
    ...(isOpen && {
      attempts: { ...record.attempts, [job]: attempted(record.attempts[job], 'death', round, now) },
    }),
  };
}

/** The jobs that are open, and out of attempts or failed for good. Attempts count for the retry that they belong to, and for those before it. */
export function exhaustedJobs(
  record: MessageRecord,
  asked: RequestedJobs,
  maxAttempts: number,
): ExhaustedJob[] {
  if (Object.keys(record.attempts).length === 0) return [];
  return openJobs(record, asked).flatMap((jobId) => {
    const attempts = record.attempts[jobId];
    if (!attempts || (attempts.round ?? 0) < (asked.rounds.get(jobId) ?? 0)) return [];
    const { count, deaths = 0, permanent } = attempts;
    return permanent || count >= maxAttempts || deaths >= MAX_DEATHS ? [{ jobId, attempts }] : [];
  });
}

/** The number of the retry that an exhausted job's dead letter asks for: newer than all that it answers. */
export function nextRound({ round = 0 }: Attempts, now: number): number {
  return Math.max(now, round + 1);
}

/**
 * Counts jobs as failed whose dead letters are kept.
 * @param letters the number of the retry that each job's dead letter asks for
 */
export function deadLettered(record: MessageRecord, letters: ReadonlyMap<JobId, number>): MessageRecord {
  const unprocessed = [...record.pending, ...record.failed].filter((job) => letters.has(job));
  const kept = unprocessed.flatMap((job) => {
    const attempts = record.attempts[job];
    const letter = (letters.get(job) as number) - 1;
    return attempts && (attempts.letter ?? -1) < letter ? [[job, { ...attempts, letter }] as const] : [];
  });
  const failing = record.pending.filter((job) => letters.has(job));
  if (kept.length === 0 && failing.length === 0) return record;
  return {
    ...record,
    pending: record.pending.filter((job) => !letters.has(job)),
    failed: [...record.failed, ...failing],
    attempts: { ...record.attempts, ...Object.fromEntries(kept) },
  };
}

/** What a worker's counters gain when one record of a message becomes the other. */
export function counterDelta(
  before: MessageRecord,
  after: MessageRecord,
): { processed: number; failed: number } {
  const unprocessed = ({ pending, failed }: MessageRecord) => pending.length + failed.length;
  return {
    processed: unprocessed(before) - unprocessed(after),
    failed: after.failed.length - before.failed.length,
  };
}

/** A job's attempts with one more: a failure, or the death of the worker that ran it. */
function attempted(
  earlier: Attempts | undefined,
  end: { reason: string; permanent: boolean } | 'death',
  round = 0,
  now: number,
): Attempts {
  // A retry that is older than these attempts adds to them: its failures count for the newer one, too.
  const same = earlier && (earlier.round ?? 0) >= round ? earlier : undefined;
  const isDeath = end === 'death';
  const { reason, permanent } = isDeath ? DEATH : end;
  const deaths = (same?.deaths ?? 0) + (isDeath ? 1 : 0);
  const newest = same?.round ?? round;
  return {
    count: (same?.count ?? 0) + (isDeath ? 0 : 1),
    ...(deaths > 0 && { deaths }),
    firstAt: earlier?.firstAt ?? now,
    lastAt: now,
    reason,
    ...(permanent && { permanent }),
    ...(newest > 0 && { round: newest }),
    ...(earlier?.letter !== undefined && { letter: earlier.letter }),
  };
}

const DEATH = {
  reason: 'the worker died of it: it ended the process, ran out of memory, or blocked it past the time limit',
  permanent: false,
};
