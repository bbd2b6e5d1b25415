import type { JobId, RunId, WorkerId } from '../../functions/core/model/ids.ts';
import type { Results } from '../../functions/core/results/client.ts';
import type { ResultDocument } from '../../functions/core/results/documents.ts';
import { input, work } from '../../functions/job.ts';

/** A job as the peers' queues carry it, one per message. Drumline's messages carry several of the same jobs. */
export interface PeerJob {
  jobId: JobId;
  runId: RunId;
  /** Milliseconds since 1970. */
  enqueuedAt: number;
}

/**
 * Runs one job as all peers do: the work of functions/job.ts, then one index request whose `_id` is the jobId, so a
 * second run does not create a second document. Each peer counts the job in its own way.
 * @returns the job's output
 */
export async function runPeerJob(
  { jobId, runId, enqueuedAt }: PeerJob,
  workerId: WorkerId,
  { client, index }: Results,
): Promise<number> {
  const jobInput = input(jobId);
  const output = await work(jobInput, { jobId, runId, tick: 1, signal: NEVER_ABORTED });
  const document: ResultDocument = {
    jobId,
    runId,
    tick: 1,
    workerId,
    input: jobInput,
    output,
    enqueuedAt: new Date(enqueuedAt).toISOString(),
    processedAt: new Date().toISOString(),
  };
  await client.index({ index, id: String(jobId), document });
  return output;
}

const NEVER_ABORTED = new AbortController().signal;
