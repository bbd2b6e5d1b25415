import { setTimeout as wait } from 'node:timers/promises';
import type { JobContext } from './core/consume/run-job.ts';

/**
 * Your job. This is the one file to edit: say what a job works on, and do the work.
 *
 * A job's work may run more than once (after a crash, a timeout, a redelivery); its result and its count are there
 * once. What it does elsewhere should bear a second time: use the jobId as an idempotency key.
 */

/** What a job works on. It must follow from the jobId alone, so that a second delivery of the job finds the same. */
export function input(jobId: number): number {
  return jobId;
}

/**
 * Does one job and returns its output, which is written to Elasticsearch (as JSON, up to 256 kB).
 *
 * Throw, and the job is tried again later, up to `maxAttempts` times; throw a `PermanentError`
 * (functions/core/model/errors.ts), and it goes to the dead letters at once. `context.signal` aborts when the worker's
 * time is up: pass it on to what you wait for.
 */
export async function work(input: number, context: JobContext): Promise<number> {
  // Stands for the I/O of a real job. A deploy setting: `-c workMs=100`.
  const workMs = Number(process.env.DRUMLINE_WORK_MS ?? 0);
  if (workMs > 0) await wait(workMs, undefined, { signal: context.signal });
  return input * input;
}
