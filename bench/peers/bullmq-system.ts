import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { chunksOf } from '../harness/chunks.ts';
import type { System } from '../harness/throughput.ts';
import { allCounted, newJobs, outcomeOf, PEER_PACKING, type PeerServices, SEND_CHUNK } from './peer-run.ts';
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
      return {
        async run(count) {
          const { runId, jobs } = newJobs(count);
          await queue.pause();
          for (const chunk of chunksOf(jobs, SEND_CHUNK)) {
            // Finished jobs are not kept, which saves BullMQ time.
            await queue.addBulk(
              chunk.map((data) => ({ name: 'job', data, opts: { removeOnComplete: true } })),
            );
          }
          await queue.resume();
          const readCount = async () => Number(await services.redis.get(runId));
          const counted = await processes.during(allCounted(count, readCount, services.signal));
          await services.redis.del(runId);
          return outcomeOf(services.results, { runId, jobs: count, counted, workMs });
        },
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
