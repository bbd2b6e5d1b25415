import { COUNTER_SHARDS } from '../functions/core/ledger/counters.ts';
import { MAPPING_RAMP, PARTITION_WRITE_UNITS, POLLER_RAMP } from './aws-limits.ts';
import { BATCH_MS, batchMs, COLD_START_MS, SCHEDULER_MS } from './overheads.ts';
import { packingOf, type Sizing } from './packing.ts';
import { UNITS_PER_WRITE } from './tick-usage.ts';

/** How Lambda adds workers: `initial` with the first message, then `perMinute`, until there are `max`. */
export interface Ramp {
  initial: number;
  perMinute: number;
  max: number;
}

/** The ramp of the event source mapping: a provisioned one if a number of pollers is set. */
export function rampOf({ concurrency, minimumPollers, maximumPollers }: Sizing): Ramp {
  if (minimumPollers === undefined && maximumPollers === undefined)
    return { ...MAPPING_RAMP, max: concurrency };
  const { batchesPerPoller, perMinute, minPollers, maxPollers } = POLLER_RAMP;
  return {
    initial: (minimumPollers ?? minPollers) * batchesPerPoller,
    perMinute,
    max: Math.min(concurrency, (maximumPollers ?? maxPollers) * batchesPerPoller),
  };
}

/** When a worker starts its first batch, in milliseconds after the first message. @param index the worker's, from 0 */
export function workerReadyMs({ initial, perMinute }: Ramp, index: number): number {
  return COLD_START_MS + (index < initial ? 0 : ((index - initial + 1) / perMinute) * 60_000);
}

/** The bottleneck of a tick. */
export type Bound = 'workers' | 'scheduler' | 'ledger';

/** How long a tick takes, from its claim to its last count, in milliseconds, and why. */
export interface Drain {
  ms: number;
  bound: Bound;
}

/**
 * Calculates how long a tick takes: as long as its slowest stage.
 *
 *     scheduler sends ─► workers process (their number grows) ─► counters, in COUNTER_SHARDS partitions
 */
export function drainOf(x: number, sizing: Sizing, workMs: number): Drain {
  const { messages, batches, batchMessages, batchJobs } = packingOf(x, sizing, workMs);
  const { jobConcurrency } = sizing;
  const fullBatchMs = batchMs({ messages: batchMessages, jobs: batchJobs, workMs, jobConcurrency });
  const bounds: Record<Bound, number> = {
    workers: workersMs(rampOf(sizing), batches, fullBatchMs + BATCH_MS.between) - BATCH_MS.between,
    scheduler: messages * SCHEDULER_MS.message + fullBatchMs,
    ledger: (batches / COUNTED_BATCHES_PER_SECOND) * 1_000 + fullBatchMs,
  };
  const bound = (Object.keys(bounds) as Bound[]).reduce((worst, each) =>
    bounds[each] > bounds[worst] ? each : worst,
  );
  return { ms: bounds[bound], bound };
}

/**
 * Batches per second that the ledger can count. Each batch writes its worker's counter, and the workers are assigned to
 * COUNTER_SHARDS partition keys at random. With enough workers to saturate all partitions, an uneven distribution matters
 * little: workers on a saturated partition leave their batches to the others.
 */
export const COUNTED_BATCHES_PER_SECOND = (COUNTER_SHARDS * PARTITION_WRITE_UNITS) / UNITS_PER_WRITE;

/** When the last batch is done, in milliseconds. Each worker processes one batch after the other, one per `slotMs`. */
function workersMs(ramp: Ramp, batches: number, slotMs: number): number {
  const ready = Array.from({ length: Math.min(ramp.max, batches) }, (_, index) => workerReadyMs(ramp, index));
  const doneBy = (ms: number) =>
    ready.reduce((sum, from) => sum + Math.max(0, Math.floor((ms - from) / slotMs)), 0);
  return bisect(0, workerReadyMs(ramp, 0) + batches * slotMs, (ms) => doneBy(ms) >= batches);
}

/** The smallest number of workers that finish a tick within `withinMs`; undefined if even `max` are too few. */
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
