import { newWorkerId } from '../../functions/core/ids.ts';
import type { Results } from '../../functions/core/results/client.ts';
import { TickCache } from '../../functions/core/tick-cache.ts';
import type { Job } from '../../functions/core/work.ts';
import type { Worker } from '../../functions/core/worker.ts';
import type { Place } from '../place.ts';

/** The default job: a number's square, after a wait that stands for I/O. */
export function squaring(workMs: number): { input(jobId: number): number; work(input: number): unknown } {
  const wait = () => new Promise((resolve) => setTimeout(resolve, workMs));
  return {
    input: (jobId) => jobId,
    work: (input) => (workMs > 0 ? wait().then(() => input * input) : input * input),
  };
}

/** A worker in this process, on a place of its own. */
export function openWorker(
  { table, jobs, deadLetters }: Pick<Place, 'table' | 'jobs' | 'deadLetters'>,
  results: Results,
  job: Job,
  jobConcurrency: number,
): Worker {
  return {
    id: newWorkerId(),
    job,
    table,
    results,
    jobs,
    deadLetters,
    ticks: new TickCache(),
    settings: {
      jobConcurrency,
      maxAttempts: 5,
      backoff: { baseSeconds: 1, capSeconds: 60 },
      remember: 86_400,
    },
    clock: Date.now,
    chance: Math.random,
    ready: new Set(),
  };
}
