/** The part of an invocation kept for writing what was worked on, and at most how much, in milliseconds. */
const WRITING_SHARE = 0.25;
export const WRITE_RESERVE_MS = 2_500;

/** Kept at the very end for the ledger and the queue when Elasticsearch doesn't answer, at most, in milliseconds. */
const CLOSING_MS = 1_000;

/** Kept at the end for the queue alone, in milliseconds: whatever happens, messages can be sent back. */
export const RETURN_RESERVE_MS = 500;

/**
 * An invocation's time; milliseconds since 1970.
 *
 *     startedAt ─── jobs run ─── workUntil ─── documents ─── storeUntil ─── ledger, queue ─── endsAt
 */
export class TimeBudget {
  readonly workUntil: number;
  readonly storeUntil: number;
  #longest = 0;

  constructor(
    readonly startedAt: number,
    readonly endsAt: number,
  ) {
    this.workUntil = endsAt - Math.min(WRITE_RESERVE_MS, (endsAt - startedAt) * WRITING_SHARE);
    this.storeUntil = endsAt - Math.min(CLOSING_MS, (endsAt - this.workUntil) / 2);
  }

  /** How long jobs may run, in milliseconds. */
  get workMs(): number {
    return this.workUntil - this.startedAt;
  }

  /** Notes how long a job has taken, in milliseconds. */
  took(ms: number): void {
    this.#longest = Math.max(this.#longest, ms);
  }

  /** Whether a job would end in time that begins now, going by the longest one so far. */
  hasRoom(now: number): boolean {
    return now + this.#longest < this.workUntil;
  }
}
