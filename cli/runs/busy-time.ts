import type { Status } from '../../functions/status.ts';
import { lastCountAt } from './shares.ts';

/**
 * Measures for how long a run has had jobs to do: for each tick from its beginning to the last count seen before the
 * next one's. The pauses between ticks are the schedule's, and say nothing about throughput.
 *
 *     tick 1      last count        tick 2      last count
 *     ├───── busy ─────┤            ├───── busy ─────┤
 */
export class BusyTime {
  readonly #spans = new Map<number, number>();

  sample(status: Pick<Status, 'tick' | 'startedAt' | 'lastTickAt' | 'workers'>): void {
    // The first tick begins with the run: starting up counts.
    const from = status.tick === 1 ? status.startedAt : status.lastTickAt;
    const to = lastCountAt(status);
    if (from === null || to === undefined || status.tick === 0) return;
    this.#spans.set(status.tick, Math.max(0, to - Date.parse(from)));
  }

  /** Milliseconds. */
  get ms(): number {
    return [...this.#spans.values()].reduce((sum, ms) => sum + ms, 0);
  }
}
