import { MAX_WORKERS } from '../functions/core/model/scaling.ts';
import { MAPPING_RAMP } from './aws-limits.ts';
import { type Drain, drainOf, workersNeeded } from './drain.ts';
import { usageOfMonitoring } from './monitoring.ts';
import { batchMs } from './overheads.ts';
import { type Packing, packingOf, type Sizing } from './packing.ts';
import {
  dollarsOf,
  type Service,
  scaleUsage,
  sumUsage,
  totalDollars,
  type Usage,
  usageOf,
} from './prices.ts';
import { type Quota, quotasOf } from './quotas.ts';
import { usageOfDecision, usageOfFiring, usageOfTick } from './tick-usage.ts';

/** The work to be done: `x` jobs every `y` minutes. Each job waits `workMs` milliseconds. */
export interface Workload {
  x: number;
  y: number;
  workMs: number;
}

/** What a workload needs and costs with given settings. */
export interface Plan {
  workload: Workload;
  sizing: Sizing;
  packing: Packing;
  /** Duration of a full batch, in milliseconds. */
  batchMs: number;
  /** The smallest number of workers that finish a tick before the next one is due; null if no number is enough. */
  workersNeeded: number | null;
  drain: Drain;
  /** A month of 730 hours, as in AWS's prices. */
  month: { jobs: number; usage: Usage; dollars: Record<Service, number>; total: number };
  quotas: Quota[];
}

const MINUTES_PER_MONTH = 730 * 60;

/**
 * Receives of an empty queue. AWS documents that a mapping has at least five pollers and uses long polling. That each
 * poller waits 20 seconds, the maximum of SQS, is an assumption.
 */
const IDLE_RECEIVES_PER_MINUTE = MAPPING_RAMP.initial * 3;

/** Calculates a plan from the settings and the numbers in this folder. It contacts no service. */
export function planOf(workload: Workload, sizing: Sizing): Plan {
  const { x, y, workMs } = workload;
  const { jobConcurrency } = sizing;
  const packing = packingOf(x, sizing, workMs);
  const { batchMessages: messages, batchJobs: jobs } = packing;
  const drain = drainOf(x, sizing, workMs);
  const ticks = MINUTES_PER_MONTH / y;
  const usage = sumUsage(
    usageOfMinutes({ x, ticks, minutes: MINUTES_PER_MONTH }, sizing, workMs),
    usageOfMonitoring(),
  );
  const dollars = dollarsOf(usage);
  return {
    workload,
    sizing,
    packing,
    batchMs: batchMs({ messages, jobs, workMs, jobConcurrency }),
    workersNeeded: workersNeeded(x, sizing, workMs, y * 60_000, MAX_WORKERS) ?? null,
    drain,
    month: { jobs: x * ticks, usage, dollars, total: totalDollars(dollars) },
    quotas: quotasOf(x, sizing, workMs),
  };
}

/**
 * Usage of a stretch of time: of its ticks, the rule's events of each minute, and the empty receives while nothing is
 * in the queue. Monitoring, which is paid by the month, is not included.
 * @param ticks number of ticks with `x` jobs each
 */
export function usageOfMinutes(
  { x, ticks, minutes }: { x: number; ticks: number; minutes: number },
  sizing: Sizing,
  workMs: number,
): Usage {
  const busyMinutes = ticks > 0 ? (ticks * drainOf(x, sizing, workMs).ms) / 60_000 : 0;
  return sumUsage(
    ...(ticks > 0 ? [scaleUsage(usageOfTick(x, sizing, workMs), ticks)] : []),
    scaleUsage(sumUsage(usageOfFiring(), usageOfDecision()), minutes),
    usageOf({ sqsIdleReceives: Math.max(0, minutes - busyMinutes) * IDLE_RECEIVES_PER_MINUTE }),
  );
}
