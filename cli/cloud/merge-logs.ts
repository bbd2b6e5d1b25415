import type { LogLine } from './log-line.ts';

/**
 * How long a line is held back, in milliseconds, so that earlier lines of other functions can arrive and be shown before
 * it. CloudWatch usually shows an event within a few seconds. `logs --follow` reads every two seconds.
 */
export const HOLD_MS = 4_000;

/**
 * Merges the lines of several functions in the order of their times, although lines arrive late and out of order:
 *
 *     line added      5  3     7     6                 1
 *     line released               3  5     6  7           1
 *
 * A line is released `HOLD_MS` after it was added, together with all earlier lines. So lines that arrive within `HOLD_MS`
 * of each other are in the right order. A line that arrives later is released with the next ones. No line is lost or
 * released twice. The times of lines are compared only with each other, because the clock of this machine may differ.
 */
export class LogMerger {
  #held: { line: LogLine; addedAt: number }[] = [];
  #isEmptyYet = true;

  /**
   * Adds the lines of one reading. Lines of the first reading are history: those that are `HOLD_MS` older than the newest
   * line need not wait.
   * @param now milliseconds of any clock that only goes forward
   */
  add(lines: readonly LogLine[], now: number): void {
    if (lines.length === 0) return;
    const history = this.#isEmptyYet ? earlierThan(newestTime(lines), HOLD_MS) : '';
    this.#isEmptyYet = false;
    for (const line of lines)
      this.#held.push({ line, addedAt: line.time <= history ? Number.NEGATIVE_INFINITY : now });
  }

  /** Takes the lines that have waited long enough, and all earlier ones, in the order of their times. */
  release(now: number): LogLine[] {
    const ripe = this.#held.filter(({ addedAt }) => addedAt <= now - HOLD_MS);
    if (ripe.length === 0) return [];
    const until = newestTime(ripe.map(({ line }) => line));
    const released = this.#held.filter(({ line }) => line.time <= until);
    this.#held = this.#held.filter(({ line }) => line.time > until);
    return inOrder(released.map(({ line }) => line));
  }

  /** Takes all lines that are held back, in the order of their times. */
  flush(): LogLine[] {
    return this.release(Number.POSITIVE_INFINITY);
  }
}

/** Lines in the order of their times. Lines of the same millisecond stay in the order in which they were read. */
export function inOrder(lines: readonly LogLine[]): LogLine[] {
  return [...lines].sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0));
}

/** Times are in ISO 8601, so the greatest text is the newest time. */
function newestTime(lines: readonly LogLine[]): string {
  return lines.reduce((newest, { time }) => (time > newest ? time : newest), '');
}

function earlierThan(time: string, ms: number): string {
  return new Date(Date.parse(time) - ms).toISOString();
}
