import type { Batch, Batches } from '../protocol.ts';

/** How long batches are kept, in milliseconds: the longest span of the lanes. */
export const KEPT_MS = 600_000;

/** Maximum number of batches that are kept: about 2 MB of JSON. With a thousand workers these are the last minutes. */
export const MAX_BATCHES = 20_000;

/** The newest batches of all workers. */
export class RecentBatches {
  #batches: Batch[] = [];
  #truncated = false;

  /** Adds batches, each once. @param now milliseconds since 1970 */
  add(batches: readonly Batch[], now: number): void {
    const kept = [...this.#batches, ...batches]
      .filter(({ to }) => to >= now - KEPT_MS)
      .sort((one, other) => one.to - other.to);
    this.#truncated = kept.length > MAX_BATCHES;
    this.#batches = kept.slice(-MAX_BATCHES);
  }

  /** All batches, for a page that has none yet. */
  all(): Batches {
    return { all: true, batches: this.#batches, ...(this.#truncated && { truncated: true }) };
  }
}
