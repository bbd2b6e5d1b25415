/**
 * A schedule, as data: numbers that say, one after the other, which of the things that can happen next happens and
 * how a call fares. 0 always stands for the dullest choice (the oldest call goes on, and well), and when the numbers
 * have run out all is dull and fair. So fast-check's shrinking of a list of numbers is the shrinking of a schedule.
 */
export class Choices {
  #at = 0;

  constructor(readonly numbers: readonly number[]) {}

  get left(): boolean {
    return this.#at < this.numbers.length;
  }

  /** From 0 to below `n`. */
  below(n: number): number {
    return (this.numbers[this.#at++] ?? 0) % n;
  }

  /** One of these by weight; the first is the dullest. */
  weighted<T>(options: readonly (readonly [weight: number, option: T])[]): T {
    let number = this.below(options.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, option] of options) {
      if (number < weight) return option;
      number -= weight;
    }
    throw new Error('nothing to choose from');
  }

  /** True in about `percent` of cases, never when dull. */
  percent(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }
}
