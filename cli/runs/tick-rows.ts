import type { TickStatus } from '../../functions/core/schedule/tick-status.ts';
import type { RunStatus } from '../../functions/status.ts';

// The ticks of a run as rows of a table. The dashboard's page shows them, too, so this needs neither Node nor a terminal.

/** Ticks that were missed: those with the numbers from `from` to `to`. Only their numbers are known. */
export interface MissedTicks {
  from: number;
  to: number;
}

/** A page of a run's ticks, the newest first. */
export interface TickPage {
  run: Pick<RunStatus, 'lastMiss'>;
  ticks: TickStatus[];
  /** The page has only ticks with lower numbers; absent for the newest page. */
  before?: number | undefined;
  /** Set if there are earlier ticks. */
  next?: number | undefined;
}

/** The ticks, with the missed ones between them, the newest first. A tick above the newest one counts up to the last miss. */
export function tickRows({ run, ticks, before, next }: TickPage): (TickStatus | MissedTicks)[] {
  const end = before ?? (run.lastMiss?.tick ?? 0) + 1;
  const rows = ticks.flatMap((tick, at) => [
    ...missed(tick.tick + 1, (ticks[at - 1]?.tick ?? end) - 1),
    tick,
  ]);
  return next === undefined ? [...rows, ...missed(1, (ticks.at(-1)?.tick ?? end) - 1)] : rows;
}

function missed(from: number, to: number): MissedTicks[] {
  return from > to ? [] : [{ from, to }];
}
