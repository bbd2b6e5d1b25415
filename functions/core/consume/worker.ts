import type { SnapshotReader } from '../items/snapshot.ts';
import type { Job, JobLog } from '../job/job.ts';
import type { LedgerWriter } from '../ledger/message-records.ts';
import type { WorkerId } from '../model/ids.ts';
import type { Queue } from '../queue/queue.ts';
import type { WritableResults } from '../results/client.ts';
import type { Backoff } from './backoff.ts';
import type { JobResult, JobTask } from './run-job.ts';
import type { TickCache } from './tick-cache.ts';

/** One delivery of a message. */
export interface Delivery {
  /** SQS's message id. A batch response names the deliveries that failed by this id. */
  id: string;
  body: string;
  /** How often the message was received, from 1 (ApproximateReceiveCount). */
  receives: number;
}

/** A worker and all that it uses. Created once per execution environment. */
export interface Worker {
  id: WorkerId;
  /** The version of the code, for its documents. */
  version: string;
  job: Job;
  ledger: LedgerWriter;
  results: WritableResults;
  jobs: Queue;
  deadLetters: Queue;
  ticks: TickCache;
  items: SnapshotReader;
  settings: {
    /** Maximum number of jobs that run at the same time. */
    jobConcurrency: number;
    /** Maximum number of failed attempts before a job is given up. */
    maxAttempts: number;
    backoff: Backoff;
  };
  /** The current time in milliseconds since 1970. */
  clock: () => number;
  /** Makes the logger that a job receives; without it, jobs log nothing. */
  logFor?: (task: JobTask) => JobLog;
  /** Called with the result of each job, for the debug log. */
  onJob?: (result: JobResult) => void;
  /** A number from 0 to below 1, as `Math.random` returns. */
  random: () => number;
  /** Indices that worked at the last request. Any other index is checked before jobs run for it. */
  verifiedIndices: Set<string>;
}
