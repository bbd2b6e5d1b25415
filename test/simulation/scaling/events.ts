interface Event {
  at: number;
  order: number;
  run: () => void;
}

/** Virtual time: events run in the order of their times, those of the same time in the order in which they were added. */
export class Events {
  /** Milliseconds since the start of the simulation. */
  now = 0;
  /** A binary heap: no event is before its parent, which is at half of its place. */
  readonly #heap: Event[] = [];
  #order = 0;
  #isWaking = false;

  at(at: number, run: () => void): void {
    this.#push({ at: Math.max(at, this.now), order: this.#order++, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  /** Runs `run` at a time, and again after each period. */
  every(periodMs: number, firstAt: number, run: () => void): void {
    this.at(firstAt, () => {
      run();
      this.every(periodMs, this.now + periodMs, run);
    });
  }

  /** Resolves when the time has passed. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) =>
      this.after(ms, () => {
        this.#isWaking = true;
        resolve();
      }),
    );
  }

  /** Starts something that sleeps. */
  start(process: () => Promise<void>): void {
    this.#isWaking = true;
    void process();
  }

  async runUntil(end: number): Promise<void> {
    for (let next = this.#heap[0]; next && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.now = next.at;
      next.run();
      if (!this.#isWaking) continue;
      this.#isWaking = false;
      // What slept goes on, until it sleeps again.
      await new Promise((resolve) => void setImmediate(resolve));
    }
    this.now = end;
  }

  #push(event: Event): void {
    let place = this.#heap.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(this.#heap[parent] as Event, event)) break;
      this.#heap[place] = this.#heap[parent] as Event;
      place = parent;
    }
    this.#heap[place] = event;
  }

  #pop(): void {
    const last = this.#heap.pop() as Event;
    const { length } = this.#heap;
    if (length === 0) return;
    let place = 0;
    for (let child = 1; child < length; child = 2 * place + 1) {
      const [left, right] = [this.#heap[child] as Event, this.#heap[child + 1]];
      const isRight = right !== undefined && isBefore(right, left);
      const smaller = isRight ? right : left;
      if (isBefore(last, smaller)) break;
      this.#heap[place] = smaller;
      place = isRight ? child + 1 : child;
    }
    this.#heap[place] = last;
  }
}

const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);
