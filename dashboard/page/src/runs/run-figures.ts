import { lastCountAt } from '../../../../cli/runs/statistics.ts';
import type { RunStatus, Status } from '../../../../functions/status.ts';
import { elapsed } from '../text/numbers.ts';

/** How long a run has fired ticks: `3 h 12 min`; empty before it started. @param now milliseconds since 1970 */
export function lasted(
  { startedAt, stoppedAt }: Pick<RunStatus, 'startedAt' | 'stoppedAt'>,
  now: number,
): string {
  if (startedAt === null) return '';
  return elapsed((stoppedAt === null ? now : Date.parse(stoppedAt)) - Date.parse(startedAt));
}

/**
 * Processed jobs per second, from the start of a run until now, or until its last count if it was stopped. So it includes
 * the time between ticks without jobs. Undefined if no time has passed.
 * @param now milliseconds since 1970
 */
export function meanThroughput(
  run: Pick<Status, 'running' | 'startedAt' | 'stoppedAt' | 'processed' | 'workers'>,
  now: number,
): number | undefined {
  const { running, startedAt, stoppedAt, processed } = run;
  if (startedAt === null) return undefined;
  // Jobs are still processed after the stop.
  const end = running ? now : Math.max(Date.parse(stoppedAt ?? startedAt), lastCountAt(run) ?? 0);
  const seconds = (end - Date.parse(startedAt)) / 1_000;
  return seconds > 0 ? processed / seconds : undefined;
}

/** `4,711–4,810`, `4,711` for the same numbers. */
export function rangeText(from: number, to: number, text: (value: number) => string): string {
  return from === to ? text(from) : `${text(from)}–${text(to)}`;
}
