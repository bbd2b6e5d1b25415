import { BATCH_MS } from './overheads.ts';

/** A batch as its time depends on it. */
export interface BatchShape {
  messages: number;
  jobs: number;
  /** How long a job waits for what it does, in milliseconds. */
  workMs: number;
  jobConcurrency: number;
}

/** How long the jobs of a batch take, so many at a time. */
export function workTimeMs({ jobs, workMs, jobConcurrency }: BatchShape): number {
  return Math.ceil(jobs / jobConcurrency) * workMs;
}

/**
 * How long a worker is at a batch:
 *
 *     work, jobConcurrency at a time │ one bulk │ one transaction
 */
export function batchMs(batch: BatchShape): number {
  const { messages, jobs } = batch;
  return BATCH_MS.fixed + BATCH_MS.message * messages + BATCH_MS.job * jobs + workTimeMs(batch);
}
