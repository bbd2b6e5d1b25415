import type { Job } from '../../functions/core/consume/run-job.ts';
import { TickCache } from '../../functions/core/consume/tick-cache.ts';
import type { Worker } from '../../functions/core/consume/worker.ts';
import { WorkerCounters } from '../../functions/core/ledger/counters.ts';
import { LedgerWriter } from '../../functions/core/ledger/message-records.ts';
import { newWorkerId } from '../../functions/core/model/ids.ts';
import type { Results } from '../../functions/core/results/client.ts';
import type { Place } from '../place.ts';

/** The default job: a number's square, after a wait that stands for I/O. */
export function squaring(workMs: number): { input(jobId: number): number; work(input: number): unknown } {
  const wait = () => new Promise((resolve) => setTimeout(resolve, workMs));
  return {
    input: (jobId) => jobId,
    work: (input) => (workMs > 0 ? wait().then(() => input * input) : input * input),
  };
}

/** So long the ledger remembers a message, in seconds. */
export const LEDGER_TTL_SECONDS = 86_400;

/** A worker in this process, on a place of its own, whose index is there. */
export function openWorker(
  { table, jobs, deadLetters }: Pick<Place, 'table' | 'jobs' | 'deadLetters'>,
  results: Results,
  job: Job,
  jobConcurrency: number,
): Worker {
  const id = newWorkerId();
  return {
    id,
    job,
    ledger: new LedgerWriter(table, new WorkerCounters(table, id), Date.now, LEDGER_TTL_SECONDS),
    results,
    jobs,
    deadLetters,
    ticks: new TickCache(),
    settings: {
      jobConcurrency,
      maxAttempts: 5,
      backoff: { baseSeconds: 1, capSeconds: 60 },
    },
    clock: Date.now,
    random: Math.random,
    verifiedIndices: new Set([results.index]),
  };
}
