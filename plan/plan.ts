import { MAPPING_RAMP, MAX_WORKERS } from './aws-limits.ts';
import { type Drain, drainOf, workersNeeded } from './drain.ts';
import { batchMs } from './overheads.ts';
import type { Sizing } from './packing.ts';
import { type Packing, packingOf } from './packing.ts';
import { dollarsOf, type Service, sum, times, totalOf, type Usage, usageOf } from './prices.ts';
import { type Quota, quotasOf } from './quotas.ts';
import { usageOfFiring, usageOfTick } from './tick-usage.ts';
import { type Warning, warningsOf } from './warnings.ts';

/** What is to be done: X jobs every Y minutes, each waiting for so long. */
export interface Workload {
  x: number;
  y: number;
  workMs: number;
}

/** What a workload comes to with these settings. */
export interface Plan {
  workload: Workload;
  sizing: Sizing;
  packing: Packing;
  /** Of a full batch, in milliseconds. */
  batchMs: number;
  /** Workers that have a tick done before the next one is due; null where no number of them has. */
  workersNeeded: number | null;
  drain: Drain;
  /** A month, of 730 hours as AWS has it. */
  month: { jobs: number; usage: Usage; dollars: Record<Service, number>; total: number };
  quotas: Quota[];
  warnings: Warning[];
}

const MONTH_MINUTES = 730 * 60;

/**
 * Receives of an empty queue: AWS says that a mapping has five pollers at least, and that it polls long; that each asks
 * once in 20 seconds, the longest that SQS waits, is assumed.
 */
const IDLE_RECEIVES_A_MINUTE = MAPPING_RAMP.atOnce * 3;

/** Says what a workload needs, from nothing but the settings and the numbers of this folder. */
export function planOf(workload: Workload, sizing: Sizing): Plan {
  const { x, y, workMs } = workload;
  const { jobConcurrency } = sizing;
  const packing = packingOf(x, sizing);
  const { batchMessages: messages, batchJobs: jobs } = packing;
  const drain = drainOf(x, sizing, workMs);
  const ticks = MONTH_MINUTES / y;
  const idleMinutes = Math.max(0, MONTH_MINUTES - (ticks * drain.ms) / 60_000);
  const usage = sum(
    times(usageOfTick(x, sizing, workMs), ticks),
    times(usageOfFiring(), MONTH_MINUTES),
    usageOf({ sqsIdleReceives: idleMinutes * IDLE_RECEIVES_A_MINUTE }),
  );
  const dollars = dollarsOf(usage);
  const needed = workersNeeded(x, sizing, workMs, y * 60_000, MAX_WORKERS);
  const plan = {
    workload,
    sizing,
    packing,
    batchMs: batchMs({ messages, jobs, workMs, jobConcurrency }),
    workersNeeded: needed ?? null,
    drain,
    month: { jobs: x * ticks, usage, dollars, total: totalOf(dollars) },
    quotas: quotasOf(x, sizing, workMs),
  };
  return { ...plan, warnings: warningsOf(plan) };
}
