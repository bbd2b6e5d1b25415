import TinyQueue from 'tinyqueue';

interface Due {
  at: number;
  /** What is due at the same time goes in the order in which it was put there. */
  order: number;
  act: (now: number) => void;
}

/** Time that passes only from one thing that is due to the next. In milliseconds, from 0. */
export class VirtualClock {
  readonly #due = new TinyQueue<Due>([], (one, other) => one.at - other.at || one.order - other.order);
  #order = 0;

  at(at: number, act: (now: number) => void): void {
    this.#due.push({ at, order: this.#order++, act });
  }

  /** Lets all happen that is due, and all that follows from it. @returns when the last was */
  run(): number {
    let now = 0;
    for (let next = this.#due.pop(); next; next = this.#due.pop()) {
      now = next.at;
      next.act(now);
    }
    return now;
  }
}
