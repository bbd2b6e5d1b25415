import { type JobId, newWorkerId, type RunId } from '../../functions/core/model/ids.ts';
import { connect } from '../../functions/core/results/client.ts';
import type { ResultDocument } from '../../functions/core/results/documents.ts';
import job from '../../functions/job.ts';

/** A job as the peers' queues carry it, one per message. Drumline's messages carry several of the same jobs. */
export interface PeerJob {
  jobId: JobId;
  runId: RunId;
  /** Milliseconds since 1970. */
  enqueuedAt: number;
}

const { PEER_ELASTICSEARCH_URL = '', PEER_INDEX = '' } = process.env;
const { client, index } = connect(PEER_ELASTICSEARCH_URL, PEER_INDEX);
const workerId = newWorkerId();

/**
 * Runs one job as all peers do, in their worker processes: the job of functions/job.ts, then one index request whose
 * `_id` is the jobId, so a second run does not create a second document. Each peer counts the job in its own way.
 * @returns the job's output
 */
export async function runPeerJob({ jobId, runId, enqueuedAt }: PeerJob): Promise<number> {
  const output = await job.run(jobId, { ...CONTEXT, jobId, runId, dueAt: new Date(enqueuedAt) });
  const document: ResultDocument = {
    jobId,
    runId,
    tick: 1,
    workerId,
    version: 'peer',
    item: jobId,
    output,
    enqueuedAt: new Date(enqueuedAt).toISOString(),
    processedAt: new Date().toISOString(),
  };
  await client.index({ index, id: String(jobId), document });
  return output;
}

const CONTEXT = {
  tick: 1,
  index: 0,
  count: 1,
  attempt: 1,
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
};
