import { count } from '../text/format.ts';

/** What several rounds have measured. */
export interface Figure {
  median: number;
  min: number;
  max: number;
}

/** @throws RangeError for no values at all */
export function figureOf(values: readonly number[]): Figure {
  const sorted = [...values].sort((one, other) => one - other);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/**
 * The value below which a share of the values lie, between two of them where need be.
 * @param sorted ascending
 * @param share from 0 to 1
 * @throws RangeError for no values at all
 */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new RangeError('a figure of no values');
  return below + (above - below) * (at - Math.floor(at));
}

/** `41,000 (40,100–42,000)`, or `41,000` where the rounds agree. @param show `12,345` unless given */
export function figureText({ median, min, max }: Figure, show: (value: number) => string = count): string {
  const [middle, least, most] = [median, min, max].map(show);
  return least === most ? `${middle}` : `${middle} (${least}–${most})`;
}
