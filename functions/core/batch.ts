import type { Unavailable } from './errors.ts';
import type { JobId, RunId } from './ids.ts';
import type { Worker } from './worker.ts';

/** Jobs of one tick, from the lowest to the highest. */
export interface JobRange {
  runId: RunId;
  tick: number;
  firstJob: JobId;
  lastJob: JobId;
}

/** What became of a batch. */
export interface Batch {
  /** The jobs that its messages ask for. */
  jobs: JobRange[];
  /** Deliveries that are to come again; all others are done with. */
  failed: string[];
  processed: number;
  failedAttempts: number;
  /** Jobs that were counted already when their message came. */
  skipped: number;
  malformed: number;
  /** Why messages come again through no fault of a job's. */
  outage?: Unavailable;
}

/** Notes that a service is gone, through no fault of a job's. */
export function note(worker: Worker, batch: Batch, outage: Unavailable): void {
  batch.outage = outage;
  if (outage.service === 'results') worker.ready.clear();
}
