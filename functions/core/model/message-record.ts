import type { JobId } from './ids.ts';
import { jobsInRange, type MessageRange } from './message.ts';

/**
 * What the ledger knows about one message's jobs. The functions below are the rules by which a record may change. Each
 * is pure, and returns the same object if nothing changes.
 *
 *                 outcome: done                     outcome: done (its dead letter was sent again)
 *     pending ───────────────────► processed ◄─────────────────────────────── failed
 *        │                                                                      ▲
 *        └─ outcome: failed, or recordDeath ─► exhausted ─ outcome: deadLettered ┘
 */
export interface MessageRecord {
  /** Grows by one with each write, so that a write can require the version it is based on. 0 before the first write. */
  version: number;
  /** Jobs that are not counted yet. A job that is neither pending nor failed is processed. */
  pending: JobId[];
  /** Jobs that are counted as failed. */
  failed: JobId[];
  /** The attempts of pending and failed jobs, by jobId. */
  attempts: Record<string, Attempts>;
  /** Set while a delivery runs jobs of the message that may kill its worker. */
  lease?: Lease;
  /** A worker died while it ran jobs of the message. From now on each job runs alone. */
  isolated?: true;
}

/** How often a job has failed, and why it failed last. Times are milliseconds since 1970. */
export interface Attempts {
  /** Attempts that failed. */
  count: number;
  /** How often a worker died while it ran only this job. Not part of `count`. */
  deaths?: number;
  firstAt: number;
  lastAt: number;
  reason: string;
  /** The job threw a PermanentError, so it is not tried again. */
  permanent?: true;
  /** The retry that these attempts belong to; absent before the first. Each retry starts counting attempts again. */
  round?: number;
  /** The job has a dead letter, which answers all retries up to this one. */
  letter?: number;
}

/** Taken before a job runs that may kill its worker. A lease that outlives its invocation means that the worker died. */
export interface Lease {
  id: string;
  /** When the invocation ends, in milliseconds since 1970. */
  until: number;
  /** The job that runs under the lease, if it is only one. */
  job?: JobId;
  /** The retry that this job runs for, if any. */
  round?: number;
}

/** Which of a message's jobs its copies ask for. */
export interface RequestedJobs {
  all: boolean;
  rounds: ReadonlyMap<JobId, number>;
}

/** What happened to a job. `round` is the number of the retry that the dead letter asks for. */
export type Outcome =
  | { kind: 'done'; jobId: JobId }
  | { kind: 'failed'; jobId: JobId; reason: string; permanent: boolean }
  | { kind: 'deadLettered'; jobId: JobId; round: number };

/** A job that must not be tried again. */
export interface ExhaustedJob {
  jobId: JobId;
  attempts: Attempts;
}

/**
 * A job is given up after this many deaths of workers that ran it alone, whatever `maxAttempts` is. Fewer may be bad
 * luck, because workers also die of other causes.
 */
export const MAX_DEATHS = 3;

/** The record of a message that was never written. */
export function newRecord(message: MessageRange): MessageRecord {
  return { version: 0, pending: jobsInRange(message), failed: [], attempts: {} };
}

/**
 * The requested jobs that still have to run. A pending job is open to every request. A failed job is open only to a
 * retry that is newer than its dead letter.
 */
export function openJobs(record: MessageRecord, { all, rounds }: RequestedJobs): JobId[] {
  if (all && record.failed.length === 0) return record.pending;
  const pending = record.pending.filter((job) => all || rounds.has(job));
  const failed = record.failed.filter((job) => (rounds.get(job) ?? 0) > (record.attempts[job]?.letter ?? 0));
  return [...pending, ...failed];
}

/**
 * Applies what happened to jobs. A job that has its document is processed, even if another delivery has given
 * it up. A job with a dead letter is counted as failed, unless it is processed.
 * @param now milliseconds since 1970
 */
export function applyOutcomes(
  record: MessageRecord,
  requested: RequestedJobs,
  outcomes: readonly Outcome[],
  now: number,
): MessageRecord {
  if (outcomes.length === 0) return record;
  const open = new Set(openJobs(record, requested));
  const pending = new Set(record.pending);
  const failed = new Set(record.failed);
  const attempts = { ...record.attempts };
  let changed = false;
  for (const outcome of outcomes) {
    const { kind, jobId } = outcome;
    const earlier = attempts[jobId];
    if (kind === 'done' && (pending.delete(jobId) || failed.delete(jobId))) {
      delete attempts[jobId];
      changed = true;
    }
    if (kind === 'failed' && open.has(jobId)) {
      attempts[jobId] = attempted(earlier, outcome, requested.rounds.get(jobId), now);
      changed = true;
    }
    if (kind === 'deadLettered' && (pending.has(jobId) || failed.has(jobId))) {
      const letter = outcome.round - 1;
      const isNewer = earlier !== undefined && (earlier.letter ?? -1) < letter;
      if (isNewer) attempts[jobId] = { ...earlier, letter };
      changed ||= isNewer || pending.has(jobId);
      pending.delete(jobId);
      failed.add(jobId);
    }
  }
  return changed ? { ...record, pending: [...pending], failed: [...failed], attempts } : record;
}

/** Replaces the lease, if there is one. */
export function acquireLease(record: MessageRecord, lease: Lease): MessageRecord {
  return { ...record, lease };
}

/** Removes the lease: its holder has survived the jobs. */
export function endLease(record: MessageRecord): MessageRecord {
  const { lease, ...rest } = record;
  return lease ? rest : record;
}

/**
 * Whether another delivery may be running the message's jobs.
 * @param survived ids of leases whose holders are known to have survived
 * @param now milliseconds since 1970
 */
export function isLeased({ lease }: MessageRecord, survived: readonly string[], now: number): boolean {
  return lease !== undefined && lease.until > now && !survived.includes(lease.id);
}

/** Records the death of a worker, if its lease has expired. Parameters as in `isLeased`. */
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

/** The open jobs that must not run again. Attempts count for the retry that they belong to, and for earlier ones. */
export function exhaustedJobs(
  record: MessageRecord,
  requested: RequestedJobs,
  maxAttempts: number,
): ExhaustedJob[] {
  if (Object.keys(record.attempts).length === 0) return [];
  return openJobs(record, requested).flatMap((jobId) => {
    const attempts = record.attempts[jobId];
    if (!attempts || (attempts.round ?? 0) < (requested.rounds.get(jobId) ?? 0)) return [];
    return areExhausted(attempts, maxAttempts) ? [{ jobId, attempts }] : [];
  });
}

function areExhausted({ count, deaths = 0, permanent }: Attempts, maxAttempts: number): boolean {
  return permanent === true || count >= maxAttempts || deaths >= MAX_DEATHS;
}

/**
 * Whether a job may have a document among the dead letters: it is counted as failed, or was about to be, or is retried.
 * For nearly all jobs this is false.
 */
export function mayBeDeadLetter(
  { failed, attempts }: MessageRecord,
  jobId: JobId,
  maxAttempts: number,
): boolean {
  const own = attempts[jobId];
  if (!own) return failed.includes(jobId);
  return own.round !== undefined || areExhausted(own, maxAttempts) || failed.includes(jobId);
}

/**
 * How far a job is that has a document among the dead letters: still `dead`; `retrying` if an attempt of a retry has
 * failed, or if the job is not counted as failed yet; or `processed`, with a document that is out of date.
 * @param record undefined if it has expired, which records with failed jobs do not
 */
export function deadLetterState(
  record: MessageRecord | undefined,
  jobId: JobId,
): 'dead' | 'retrying' | 'processed' {
  if (record?.pending.includes(jobId)) return 'retrying';
  if (!record?.failed.includes(jobId)) return 'processed';
  const { round = 0, letter = 0 } = record.attempts[jobId] ?? {};
  return round > letter ? 'retrying' : 'dead';
}

/** The number of the retry that an exhausted job's dead letter asks for: higher than all retries that it answers. */
export function nextRound({ round = 0 }: Attempts, now: number): number {
  return Math.max(now, round + 1);
}

/** How much a worker's counters change when one record of a message replaces the other. */
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

/** Adds an attempt: a failure, or the death of the worker that ran the job. */
function attempted(
  earlier: Attempts | undefined,
  end: { reason: string; permanent: boolean } | 'death',
  round = 0,
  now: number,
): Attempts {
  // A failure of an older retry also counts for the newer one.
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
