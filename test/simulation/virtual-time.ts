/** Where each simulation's time begins: shortly before the turn of a month, which gives results another index. */
const EPOCH = Date.UTC(2026, 0, 31, 23, 57);

interface Timer {
  id: number;
  at: number;
  callback: () => void;
  /** The end of an invocation: nobody waits for it. */
  deadline: boolean;
}

/** A clock that stands still until it is moved, and the timers that go by it. */
export class VirtualTime {
  now = EPOCH;
  #timers: Timer[] = [];
  #ids = 0;

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

  /** When the next timer rings that somebody waits for. */
  get nextTimerAt(): number | undefined {
    const awaited = this.#timers.flatMap(({ at, deadline }) => (deadline ? [] : [at]));
    return awaited.length > 0 ? Math.min(...awaited) : undefined;
  }

  /** Moves the clock, and rings what is due on the way. */
  moveTo(at: number): void {
    this.now = Math.max(this.now, at);
    const due = this.#timers
      .filter((timer) => timer.at <= this.now)
      .sort((a, b) => a.at - b.at || a.id - b.id);
    this.#timers = this.#timers.filter((timer) => timer.at > this.now);
    for (const { callback } of due) callback();
  }

  /**
   * Has the timers and the chance of all code go by this clock while `body` runs: p-retry's delays and the worker's
   * time limit use the global ones. Nothing else runs meanwhile; a simulation owns its process.
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

/** Returns when all that can run without another choice has run. */
export function idle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
