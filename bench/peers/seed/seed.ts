import { join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import type { Contender, Crew } from '../../contender.ts';
import { piecesOf } from '../../pieces.ts';
import { outcomeOf } from '../outcome.ts';
import { allCounted, newJobs, PACKING, type PeerPlaces, SENT_AT_ONCE, workerEnvironment } from '../peer.ts';
import { startWorkers } from '../worker-processes.ts';

/**
 * The old system rebuilt: RabbitMQ with a durable queue of persistent messages, a process for each worker, a counter in
 * Redis. The jobs are in the queue before the workers begin.
 */
export function seed(places: PeerPlaces, rabbitMqUrl: string): Contender {
  return {
    system: 'seed',
    settings: { prefetch: 10 },
    packing: PACKING,
    async start({ workers, workMs }): Promise<Crew> {
      const processes = await startWorkers(join(import.meta.dirname, 'worker-process.ts'), workers, {
        ...workerEnvironment(places, workMs),
        PEER_RABBITMQ_URL: rabbitMqUrl,
      });
      const connection = await connect(rabbitMqUrl);
      return {
        async run(count) {
          const { runId, jobs } = newJobs(count);
          await fill(connection, runId, jobs);
          try {
            processes.tell(runId);
            const readCount = async () => Number(await places.redis.get(runId));
            const counted = await processes.during(allCounted(count, readCount, places.signal));
            return await outcomeOf(places.results, { runId, jobs: count, counted, workMs });
          } finally {
            await removeQueue(connection, runId);
            await places.redis.del(runId);
          }
        },
        async stop() {
          await connection.close();
          await processes.stop();
        },
      };
    },
  };
}

async function fill(connection: ChannelModel, queue: string, jobs: readonly object[]): Promise<void> {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  for (const some of piecesOf(jobs, SENT_AT_ONCE)) {
    for (const job of some)
      channel.sendToQueue(queue, Buffer.from(JSON.stringify(job)), { persistent: true });
    await channel.waitForConfirms();
  }
  await channel.close();
}

async function removeQueue(connection: ChannelModel, queue: string): Promise<void> {
  const channel = await connection.createChannel();
  await channel.deleteQueue(queue);
  await channel.close();
}
