/** The start of a simulation unless it sets another: shortly before a change of month, which changes the results index. */
const EPOCH = Date.UTC(2026, 0, 31, 23, 57);

interface Timer {
  id: number;
  at: number;
  callback: () => void;
  /** The time limit of an invocation. The clock does not advance for it. */
  deadline: boolean;
}

/** A clock that advances only when told to, and its timers. */
export class VirtualTime {
  #timers: Timer[] = [];
  #ids = 0;

  /** @param now milliseconds since 1970 */
  constructor(public now = EPOCH) {}

  readonly clock = (): number => this.now;

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void this.at(this.now + ms, resolve));

  at(at: number, callback: () => void, deadline = false): number {
    const timer = { id: ++this.#ids, at, callback, deadline };
    this.#timers.push(timer);
    return timer.id;
  }

  cancel(id: number): void {
    this.#timers = this.#timers.filter((timer) => timer.id !== id);
  }

  /** The time of the next timer that is not a deadline. */
  get nextTimerAt(): number | undefined {
    const awaited = this.#timers.flatMap(({ at, deadline }) => (deadline ? [] : [at]));
    return awaited.length > 0 ? Math.min(...awaited) : undefined;
  }

  /** Advances the clock and runs the timers that are due. */
  moveTo(at: number): void {
    this.now = Math.max(this.now, at);
    const due = this.#timers
      .filter((timer) => timer.at <= this.now)
      .sort((a, b) => a.at - b.at || a.id - b.id);
    this.#timers = this.#timers.filter((timer) => timer.at > this.now);
    for (const { callback } of due) callback();
  }

  /**
   * Replaces the global timers and random numbers while `body` runs, because p-retry's delays and the worker's time
   * limit use them. Nothing else may run in this process meanwhile.
   */
  async install<T>(body: () => Promise<T>): Promise<T> {
    const { setTimeout, clearTimeout } = globalThis;
    const { random } = Math;
    const set = (callback: () => void, ms = 0) => this.at(this.now + Math.max(0, ms), callback);
    globalThis.setTimeout = set as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((id: number) => this.cancel(id)) as unknown as typeof clearTimeout;
    Math.random = () => 0.5;
    try {
      return await body();
    } finally {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      Math.random = random;
    }
  }
}

/** Resolves when all pending promise callbacks have run. */
export function idle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
