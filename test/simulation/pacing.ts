import { nextTickAfter } from '../../functions/core/model/schedule.ts';
import type { RunView } from './ledger-view.ts';

type Tick = RunView['ticks'][number];

/** The earliest time at which a job may be received, by its position in the tick, from 0. */
export function notBefore(tick: Tick, place: number): number {
  return tick.dueAt + Math.floor((tick.spreadMs / tick.count) * place);
}

/** The time over which the run's tick that is due at `dueAt` is spread, in milliseconds. */
export function spreadOf({ pace, y }: RunView['run'], dueAt: number): number {
  return pace === 'even' ? nextTickAfter(y, dueAt) - dueAt : 0;
}

/** The position of the first job of a tick that is due and not claimed, if there is one. */
export function overdue(tick: Tick, now: number): number | undefined {
  return tick.claimed < tick.count && notBefore(tick, tick.claimed) <= now ? tick.claimed : undefined;
}
