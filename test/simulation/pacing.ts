import type { RunView } from './ledger-view.ts';

type Tick = RunView['ticks'][number];

/** When a job of a tick may be worked on at the earliest, by its place in the tick, from 0. */
export function notBefore(tick: Tick, place: number): number {
  return tick.dueAt + Math.floor((tick.spreadMs / tick.count) * place);
}

/** How a run's next tick has to be spread, in milliseconds. */
export function spreadOf({ pace, y }: RunView['run']): number {
  return pace === 'even' ? y * 60_000 : 0;
}

/** The first place of a tick whose message should be in the queue by now and is not even claimed; nothing if none. */
export function overdue(tick: Tick, now: number): number | undefined {
  return tick.claimed < tick.count && notBefore(tick, tick.claimed) <= now ? tick.claimed : undefined;
}
