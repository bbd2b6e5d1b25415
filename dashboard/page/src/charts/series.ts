import type { History } from '../../../protocol.ts';

/** Values of one series, null where nothing is known. */
export type Values = (number | null)[];

/** The part of the history that a chart shows. */
export interface TimeWindow {
  /** The first bucket. */
  first: number;
  /** The middle of each bucket from `first` on, in milliseconds since 1970. The last bucket is incomplete. */
  times: number[];
  /** What the time axis shows, in milliseconds since 1970. */
  from: number;
  to: number;
}

/** @param to when the history was made, in milliseconds since 1970 @param spanMs length of the time axis */
export function timeWindow(
  { from: start, bucketMs, waiting }: History,
  to: number,
  spanMs: number,
): TimeWindow {
  const from = to - spanMs;
  // The bucket before the axis begins is shown too, so that lines reach the edge.
  const first = Math.max(0, Math.floor((from - start) / bucketMs) - 1);
  const times: number[] = [];
  for (let bucket = first; bucket < waiting.length; bucket++) {
    const bucketFrom = start + bucket * bucketMs;
    times.push((bucketFrom + Math.max(bucketFrom, Math.min(bucketFrom + bucketMs, to))) / 2);
  }
  return { first, times, from, to };
}

/** Up to how many buckets without a value are bridged: a reading may come a minute after the last one. */
const MAX_BRIDGED_MS = 60_000;

/**
 * The values of a series in a window. Short gaps, as they come from readings that are farther apart than two buckets, are
 * bridged by a straight line; longer ones stay gaps.
 */
export function valuesIn(values: Values, { first }: TimeWindow, bucketMs: number): Values {
  const shown = values.slice(first);
  const maxGap = Math.round(MAX_BRIDGED_MS / bucketMs);
  let last = -1;
  for (let index = 0; index < shown.length; index++) {
    const value = shown[index];
    if (value == null) continue;
    const from = shown[last];
    if (last >= 0 && from != null && index - last > 1 && index - last - 1 <= maxGap)
      for (let gap = last + 1; gap < index; gap++)
        shown[gap] = from + ((value - from) * (gap - last)) / (index - last);
    last = index;
  }
  return shown;
}

/** Each series on top of the ones before it, for a chart of stacked areas. */
export function stacked(series: readonly Values[]): Values[] {
  const sums: Values[] = [];
  for (const values of series) {
    const below = sums.at(-1);
    sums.push(
      values.map((value, index) =>
        value === null ? (below?.[index] ?? null) : value + (below?.[index] ?? 0),
      ),
    );
  }
  return sums;
}

export function largest(series: readonly Values[]): number {
  let max = 0;
  for (const values of series) for (const value of values) if (value !== null && value > max) max = value;
  return max;
}

/** Whether values differ so much that a logarithmic axis shows them better: by a factor of more than 100. */
export function spansDecades(values: Values): boolean {
  const positive = values.filter((value) => value !== null && value > 0) as number[];
  return positive.length > 1 && Math.max(...positive) > 100 * Math.min(...positive);
}

/** The end of an axis from 0: the next round number above `max`, so that the axis rarely changes. */
export function axisEnd(max: number): number {
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  const step =
    [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12].find((factor) => factor * power >= max * 1.04) ?? 12;
  return step * power;
}

/** Times that a logarithmic axis of durations names, in milliseconds. */
const DURATIONS = [
  1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000,
];

/** The durations that enclose the values, in milliseconds, and those in between. */
export function durationDecades(values: Values): number[] {
  const positive = values.filter((value) => value !== null && value > 0) as number[];
  const [min, max] = [Math.min(...positive), Math.max(...positive)];
  const from = DURATIONS.findLastIndex((duration) => duration <= min);
  const to = DURATIONS.findIndex((duration) => duration >= max);
  return DURATIONS.slice(Math.max(0, from), to < 0 ? undefined : to + 1);
}

/** The last value of a complete bucket; null if it is not known. */
export function newest(values: Values): number | null {
  return values.at(-2) ?? values.at(-1) ?? null;
}

/** A time span in minutes: the one that is asked for, or the one that suits the data. */
export const SPANS = [5, 15, 60] as const;

/** @param asked the parameter `span` of the address */
export function spanOf(asked: string | undefined, { waiting, throughput, bucketMs }: History): number {
  const chosen = SPANS.find((minutes) => String(minutes) === asked);
  if (chosen !== undefined) return chosen;
  const oldest = waiting.findIndex(
    (value, index) => value !== null || throughput.some((rates) => rates[index] != null),
  );
  const minutes = oldest < 0 ? 0 : ((waiting.length - oldest) * bucketMs) / 60_000;
  return minutes <= 5 ? 5 : 15;
}
