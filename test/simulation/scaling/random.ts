/** Random numbers from a seed, so that a simulation can be repeated (the generator mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A number from 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** True in `percent` % of cases. */
  percent(percent: number): boolean {
    return this.next() * 100 < percent;
  }

  /** A number from 1 - `share` to 1 + `share`. */
  around(share: number): number {
    return 1 + (2 * this.next() - 1) * share;
  }
}
