import type { JobId, RunId, WorkerId } from '../../functions/core/model/ids.ts';
import type { Results } from '../../functions/core/results/client.ts';
import type { ResultDocument } from '../../functions/core/results/documents.ts';
import { input, work } from '../../functions/job.ts';

/** A job as the peers' queues carry it, one a message; we carry the same, several a message. */
export interface PeerJob {
  jobId: JobId;
  runId: RunId;
  /** Milliseconds since 1970. */
  enqueuedAt: number;
}

/**
 * Does one job as all peers do: the work of functions/job.ts, and one index request, whose `_id` keeps a second one from
 * making a second document. Counting is the peer's own.
 * @returns the job's output
 */
export async function doJob(
  { jobId, runId, enqueuedAt }: PeerJob,
  workerId: WorkerId,
  { client, index }: Results,
): Promise<number> {
  const given = input(jobId);
  const output = await work(given, { jobId, runId, tick: 1, signal: NEVER });
  const document: ResultDocument = {
    jobId,
    runId,
    tick: 1,
    workerId,
    input: given,
    output,
    enqueuedAt: new Date(enqueuedAt).toISOString(),
    processedAt: new Date().toISOString(),
  };
  await client.index({ index, id: String(jobId), document });
  return output;
}

const NEVER = new AbortController().signal;
