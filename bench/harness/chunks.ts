import { chunk } from '../../functions/core/grouping.ts';

/** Splits a list into chunks of this length; the last one may be shorter. */
export function chunksOf<One>(list: readonly One[], length: number): One[][] {
  return chunk(list, { count: length, bytes: Number.POSITIVE_INFINITY }, () => 0);
}
