import type { RunStatus } from '../functions/status.ts';
import type { Sizing } from './packing.ts';
import { usageOfMinutes } from './plan.ts';
import { dollarsOf, type Service } from './prices.ts';

/** A run, and what its cost depends on. */
export interface RunToPrice {
  run: Pick<RunStatus, 'startedAt' | 'stoppedAt' | 'firedTicks' | 'enqueued'>;
  sizing: Sizing;
  /** Mean time that a job runs, in milliseconds. */
  jobMs: number;
  /** Milliseconds since 1970. A run that was stopped before costs nothing more. */
  until: number;
}

/**
 * What a run has cost on AWS so far, in dollars at each service. It is a calculation from the run's numbers with the model
 * of `drumline plan`, and no bill: all fired ticks have the mean number of jobs, every job succeeds at the first attempt,
 * and the sizing was always the same. So retries, passes over a list, monitoring and what the jobs use are not included,
 * and the cost of small batches, which evenly paced ticks have, is too low.
 */
export function costOfRun({ run, sizing, jobMs, until }: RunToPrice): Record<Service, number> {
  const { startedAt, stoppedAt, firedTicks, enqueued } = run;
  const end = stoppedAt === null ? until : Math.min(until, Date.parse(stoppedAt));
  const minutes = startedAt === null ? 0 : Math.max(0, end - Date.parse(startedAt)) / 60_000;
  const x = Math.max(1, Math.round(enqueued / Math.max(1, firedTicks)));
  // Not the number of fired ticks: the jobs of the last one may not be enqueued yet.
  return dollarsOf(usageOfMinutes({ x, ticks: enqueued / x, minutes }, sizing, jobMs));
}
