import { setTimeout as wait } from 'node:timers/promises';
import type { JobContext } from './core/consume/run-job.ts';

/**
 * Your job. This is the only file that you have to edit: `input` returns what a job works on, and `work` does the work.
 *
 * The work may run more than once (after a crash, a timeout or a redelivery); its result is stored and counted once.
 * Effects on other systems should be idempotent: use the jobId as the idempotency key.
 */

/** Returns a job's input. It must depend on the jobId alone, so that a redelivered job has the same input. */
export function input(jobId: number): number {
  return jobId;
}

/**
 * Does one job and returns its output, which is written to Elasticsearch (as JSON, at most 256,000 characters).
 *
 * If it throws, the job is tried again later, with at most `maxAttempts` attempts. If it throws a `PermanentError`
 * (functions/core/model/errors.ts), the job goes to the dead-letter queue at once. `context.signal` aborts when the
 * worker's time is up: pass it to every call that waits.
 */
export async function work(input: number, context: JobContext): Promise<number> {
  // Simulates the I/O of a real job. Set it at deployment: `-c workMs=100`.
  const workMs = Number(process.env.DRUMLINE_WORK_MS ?? 0);
  if (workMs > 0) await wait(workMs, undefined, { signal: context.signal });
  return input * input;
}
