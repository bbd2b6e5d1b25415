/** The part of an invocation that is reserved for writing results, and its maximum in milliseconds. */
const WRITE_RESERVE_SHARE = 0.25;
export const WRITE_RESERVE_MS = 2_500;

/** Maximum time reserved for the ledger and the queue in case Elasticsearch does not answer, in milliseconds. */
const COMMIT_RESERVE_MS = 1_000;

/** Time reserved for the queue alone, in milliseconds, so that messages can be sent back whatever happens. */
export const RETURN_RESERVE_MS = 500;

/**
 * How an invocation's time is divided. All times are milliseconds since 1970.
 *
 *     startedAt ─── jobs run ─── workUntil ─── documents ─── storeUntil ─── ledger, queue ─── endsAt
 */
export class TimeBudget {
  readonly workUntil: number;
  readonly storeUntil: number;
  #longestJobMs = 0;

  constructor(
    readonly startedAt: number,
    readonly endsAt: number,
  ) {
    this.workUntil = endsAt - Math.min(WRITE_RESERVE_MS, (endsAt - startedAt) * WRITE_RESERVE_SHARE);
    this.storeUntil = endsAt - Math.min(COMMIT_RESERVE_MS, (endsAt - this.workUntil) / 2);
  }

  /** How long jobs may run, in milliseconds. */
  get workMs(): number {
    return this.workUntil - this.startedAt;
  }

  /** Records how long a job took, in milliseconds. */
  recordJobTime(ms: number): void {
    this.#longestJobMs = Math.max(this.#longestJobMs, ms);
  }

  /** Whether a job that starts now would end in time, if it takes as long as the longest one so far. */
  hasTimeForJob(now: number): boolean {
    return now + this.#longestJobMs < this.workUntil;
  }
}
