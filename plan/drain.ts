import { COUNTER_SHARDS } from '../functions/core/ledger/counters.ts';
import { MAPPING_RAMP, PARTITION_WRITE_UNITS, POLLER_RAMP } from './aws-limits.ts';
import { BATCH_MS, batchMs, COLD_START_MS, SCHEDULER_MS } from './overheads.ts';
import type { Sizing } from './packing.ts';
import { packingOf } from './packing.ts';
import { UNITS_PER_WRITE } from './tick-usage.ts';

/** How many workers there may be, by the time since the first message: some at once, then more and more. */
export interface Ramp {
  atOnce: number;
  aMinute: number;
  max: number;
}

export function rampOf({ concurrency, minimumPollers, maximumPollers }: Sizing): Ramp {
  if (minimumPollers === undefined && maximumPollers === undefined)
    return { ...MAPPING_RAMP, max: concurrency };
  const { batches, aMinute, min, max } = POLLER_RAMP;
  return {
    atOnce: (minimumPollers ?? min) * batches,
    aMinute,
    max: Math.min(concurrency, (maximumPollers ?? max) * batches),
  };
}

/** When a worker is there, in milliseconds since the first message. @param at its place, from 0 */
export function workerReadyMs({ atOnce, aMinute }: Ramp, at: number): number {
  return COLD_START_MS + (at < atOnce ? 0 : ((at - atOnce + 1) / aMinute) * 60_000);
}

/** What a tick's time goes by. */
export type Bound = 'workers' | 'scheduler' | 'ledger';

/** How long a tick takes from its claim to its last count. */
export interface Drain {
  ms: number;
  bound: Bound;
}

/**
 * How long a tick takes: as long as the slowest of those that a batch passes needs for all of them.
 *
 *     scheduler sends ─► workers, as many as there are by then ─► their counters, in COUNTER_SHARDS partitions
 */
export function drainOf(x: number, sizing: Sizing, workMs: number): Drain {
  const { messages, batches, batchMessages, batchJobs } = packingOf(x, sizing);
  const { jobConcurrency } = sizing;
  const once = batchMs({ messages: batchMessages, jobs: batchJobs, workMs, jobConcurrency });
  const bounds: Record<Bound, number> = {
    workers: workersMs(rampOf(sizing), batches, once + BATCH_MS.between) - BATCH_MS.between,
    scheduler: messages * SCHEDULER_MS.message + once,
    ledger: (batches / COUNTED_BATCHES_A_SECOND) * 1_000 + once,
  };
  const bound = (Object.keys(bounds) as Bound[]).reduce((worst, each) =>
    bounds[each] > bounds[worst] ? each : worst,
  );
  return { ms: bounds[bound], bound };
}

/**
 * Batches a second that can be counted: each writes its worker's counter, and the workers' counters are spread over so many
 * partition keys, by chance. With enough workers to fill them all, an uneven spread matters little: workers whose partition
 * is full leave the batches to the others.
 */
export const COUNTED_BATCHES_A_SECOND = (COUNTER_SHARDS * PARTITION_WRITE_UNITS) / UNITS_PER_WRITE;

/** When the last of so many batches is done, each worker taking one after the other, each for so long. */
function workersMs(ramp: Ramp, batches: number, slotMs: number): number {
  const ready = Array.from({ length: Math.min(ramp.max, batches) }, (_, at) => workerReadyMs(ramp, at));
  const doneBy = (ms: number) =>
    ready.reduce((sum, from) => sum + Math.max(0, Math.floor((ms - from) / slotMs)), 0);
  return bisect(0, workerReadyMs(ramp, 0) + batches * slotMs, (ms) => doneBy(ms) >= batches);
}

/** The smallest number of workers that finish a tick in time; undefined if even `max` are too few. */
export function workersNeeded(
  x: number,
  sizing: Sizing,
  workMs: number,
  withinMs: number,
  max: number,
): number | undefined {
  const inTime = (concurrency: number) => drainOf(x, { ...sizing, concurrency }, workMs).ms <= withinMs;
  return inTime(max) ? bisect(0, max, inTime) : undefined;
}

/** The smallest integer above `low` for which `isEnough` holds. It must hold for `high`, rounded up. */
function bisect(low: number, high: number, isEnough: (value: number) => boolean): number {
  let [tooLow, enough] = [low, Math.ceil(high)];
  while (enough - tooLow > 1) {
    const middle = Math.floor((tooLow + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else tooLow = middle;
  }
  return enough;
}
