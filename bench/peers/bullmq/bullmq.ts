import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { Contender, Crew } from '../../contender.ts';
import { piecesOf } from '../../pieces.ts';
import { outcomeOf } from '../outcome.ts';
import { allCounted, newJobs, PACKING, type PeerPlaces, SENT_AT_ONCE, workerEnvironment } from '../peer.ts';
import { startWorkers } from '../worker-processes.ts';

const QUEUE = 'drumline-bench';

/** BullMQ with a process for each worker, and a counter in Redis. The jobs are in the queue before the workers begin. */
export function bullmq(places: PeerPlaces): Contender {
  return {
    system: 'bullmq',
    settings: { concurrency: 10 },
    packing: PACKING,
    async start({ workers, workMs }): Promise<Crew> {
      const processes = await startWorkers(join(import.meta.dirname, 'worker-process.ts'), workers, {
        ...workerEnvironment(places, workMs),
        PEER_QUEUE: QUEUE,
      });
      const connection = new Redis(places.redisUrl, { maxRetriesPerRequest: null });
      const queue = new Queue(QUEUE, { connection });
      return {
        async run(count) {
          const { runId, jobs } = newJobs(count);
          await queue.pause();
          for (const some of piecesOf(jobs, SENT_AT_ONCE)) {
            // Jobs that are done are not kept, which costs it less.
            await queue.addBulk(
              some.map((data) => ({ name: 'job', data, opts: { removeOnComplete: true } })),
            );
          }
          await queue.resume();
          const readCount = async () => Number(await places.redis.get(runId));
          const counted = await processes.during(allCounted(count, readCount, places.signal));
          await places.redis.del(runId);
          return outcomeOf(places.results, { runId, jobs: count, counted, workMs });
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
