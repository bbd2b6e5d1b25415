import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type PeerJob, runPeerJob } from './peer-job.ts';

/** A BullMQ worker: ten jobs at a time; it runs, writes and counts each job. */

const { PEER_REDIS_URL = '', PEER_QUEUE = '' } = process.env;
const CONCURRENCY = 10;

const counters = new Redis(PEER_REDIS_URL);
const worker = new Worker<PeerJob>(
  PEER_QUEUE,
  async ({ data }) => {
    await runPeerJob(data);
    await counters.incr(data.runId);
  },
  { connection: new Redis(PEER_REDIS_URL, { maxRetriesPerRequest: null }), concurrency: CONCURRENCY },
);
// End the process, so that the benchmark stops with the reason instead of a missing job.
worker.on('failed', (_job, error) => {
  throw error;
});
await worker.waitUntilReady();
process.send?.('ready');
