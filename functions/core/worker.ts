import type { Backoff } from './backoff.ts';
import type { WorkerId } from './ids.ts';
import type { Table } from './ledger/table.ts';
import type { Queue } from './queue.ts';
import type { Results } from './results/client.ts';
import type { TickCache } from './tick-cache.ts';
import type { Ended, Job } from './work.ts';

/** One delivery of a message, as the queue hands it over. */
export interface Delivery {
  /** SQS's name for the message, and what the queue is answered with. */
  id: string;
  receiptHandle: string;
  body: string;
  /** How often it has been delivered, from 1. */
  receives: number;
}

/** What a worker works with; made once in its life. */
export interface Worker {
  id: WorkerId;
  job: Job;
  table: Table;
  results: Results;
  jobs: Queue;
  deadLetters: Queue;
  ticks: TickCache;
  settings: {
    jobConcurrency: number;
    maxAttempts: number;
    backoff: Backoff;
    /** How long the ledger remembers a message, in seconds. */
    remember: number;
  };
  clock: () => number;
  /** Hears how each job ended, for the log's finest level. */
  onJob?: (end: Ended) => void;
  /** From 0 to below 1, like Math.random. */
  chance: () => number;
  /** The results indices that were fine at the last try. Any other is asked first: no work is done in vain. */
  ready: Set<string>;
}
