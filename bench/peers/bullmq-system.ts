import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { chunk } from '../../functions/core/grouping.ts';
import type { System } from '../harness/throughput.ts';
import { PEER_PACKING, type PeerQueue, type PeerServices, runPeer, SEND_CHUNK } from './peer-run.ts';
import { startWorkers } from './worker-processes.ts';

const QUEUE = 'drumline-bench';

/** BullMQ with one process per worker and a counter in Redis. All jobs are in the queue before the workers start. */
export function bullmq(services: PeerServices): System {
  return {
    name: 'bullmq',
    settings: { concurrency: 10 },
    packing: PEER_PACKING,
    async start({ workers, workMs }) {
      const script = join(import.meta.dirname, 'bullmq-worker.ts');
      const processes = await startWorkers(script, workers, services, workMs, { PEER_QUEUE: QUEUE });
      const connection = new Redis(services.redisUrl, { maxRetriesPerRequest: null });
      const queue = new Queue(QUEUE, { connection });
      const peerQueue: PeerQueue = {
        async fill(_runId, jobs) {
          await queue.pause();
          // Finished jobs are not kept, which saves BullMQ time.
          const entries = jobs.map((data) => ({ name: 'job', data, opts: { removeOnComplete: true } }));
          for (const some of chunk(entries, { count: SEND_CHUNK })) await queue.addBulk(some);
        },
        open: () => queue.resume(),
        readCount: (runId) => services.redis.get(runId),
        close: (runId) => services.redis.del(runId),
      };
      return {
        run: (jobs) => processes.during(runPeer(peerQueue, services, jobs, workMs)),
        async stop() {
          await processes.stop();
          await queue.obliterate({ force: true });
          await queue.close();
          connection.disconnect();
        },
      };
    },
  };
}
