/**
 * A schedule as data. Each number decides which of the possible events comes next, or how a call ends. 0 is always the
 * default: the oldest call goes on and succeeds. After the last number, all choices are 0. Therefore, fast-check
 * shrinks a schedule by shrinking a list of numbers.
 */
export class Choices {
  #at = 0;

  constructor(readonly numbers: readonly number[]) {}

  get left(): boolean {
    return this.#at < this.numbers.length;
  }

  /** An integer from 0 to `n` - 1. */
  below(n: number): number {
    return (this.numbers[this.#at++] ?? 0) % n;
  }

  /** One of the options, by weight. The first is the default. */
  weighted<T>(options: readonly (readonly [weight: number, option: T])[]): T {
    let number = this.below(options.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, option] of options) {
      if (number < weight) return option;
      number -= weight;
    }
    throw new Error('nothing to choose from');
  }

  /** True in about `percent` % of cases. False by default. */
  percent(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }
}
