import { count } from '../../cli/terminal/format.ts';

/** A value that was measured in several rounds. */
export interface Figure {
  median: number;
  min: number;
  max: number;
}

/** @throws RangeError for an empty list */
export function figureOf(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/**
 * The value below which a share of all values lies, interpolated between its two neighbours.
 * @param sorted ascending
 * @param share from 0 to 1
 * @throws RangeError for an empty list
 */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new RangeError('a quantile of no values');
  return below + (above - below) * (at - Math.floor(at));
}

/** `41,000 (40,100–42,000)`, or `41,000` if all rounds agree. @param format prints one value, `12,345` by default */
export function figureText(figure: Figure, format: (value: number) => string = count): string {
  const [median, min, max] = [figure.median, figure.min, figure.max].map(format);
  return min === max ? `${median}` : `${median} (${min}–${max})`;
}

/**
 * Measures every case once per round, in turn (A B C A B C …), so that other load on the machine affects all cases.
 * @returns the values of each case, in the order of the rounds
 */
export async function measureInTurn<Case, Value>(
  cases: readonly Case[],
  rounds: number,
  measure: (one: Case, round: number) => Promise<Value>,
): Promise<Map<Case, Value[]>> {
  const values = new Map<Case, Value[]>(cases.map((one) => [one, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const one of cases) values.get(one)?.push(await measure(one, round));
  }
  return values;
}
