import type { LedgerWriter } from '../ledger/message-records.ts';
import type { WorkerId } from '../model/ids.ts';
import type { Queue } from '../queue/queue.ts';
import type { Results } from '../results/client.ts';
import type { Backoff } from './backoff.ts';
import type { Job, JobResult } from './run-job.ts';
import type { TickCache } from './tick-cache.ts';

/** One delivery of a message, as the queue hands it over. */
export interface Delivery {
  /** SQS's name for the message, and what the queue is answered with. */
  id: string;
  body: string;
  /** How often it has been received, from 1. */
  receives: number;
}

/** What a worker works with; made once in its life. */
export interface Worker {
  id: WorkerId;
  job: Job;
  ledger: LedgerWriter;
  results: Results;
  jobs: Queue;
  deadLetters: Queue;
  ticks: TickCache;
  settings: {
    /** Jobs that run at a time. */
    jobConcurrency: number;
    /** Attempts of a job before it is given up. */
    maxAttempts: number;
    backoff: Backoff;
  };
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Hears how each job ended, for the log's finest level. */
  onJob?: (end: JobResult) => void;
  /** From 0 to below 1, like Math.random. */
  random: () => number;
  /** The results indices that were fine at the last try. Any other is asked first: no work is done in vain. */
  verifiedIndices: Set<string>;
}
