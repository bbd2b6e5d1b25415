import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { newWorkerId } from '../../functions/core/model/ids.ts';
import { connect } from '../../functions/core/results/client.ts';
import { type PeerJob, runPeerJob } from './peer-job.ts';

/** A BullMQ worker: ten jobs at a time; it runs, writes and counts each job. */

const { PEER_REDIS_URL = '', PEER_QUEUE = '', PEER_ELASTICSEARCH_URL = '', PEER_INDEX = '' } = process.env;
const CONCURRENCY = 10;

const workerId = newWorkerId();
const results = connect(PEER_ELASTICSEARCH_URL, PEER_INDEX);
const counters = new Redis(PEER_REDIS_URL);
const worker = new Worker<PeerJob>(
  PEER_QUEUE,
  async ({ data }) => {
    await runPeerJob(data, workerId, results);
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
