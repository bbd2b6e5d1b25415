import { join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import { chunksOf } from '../harness/chunks.ts';
import type { System } from '../harness/throughput.ts';
import { allCounted, newJobs, outcomeOf, PEER_PACKING, type PeerServices, SEND_CHUNK } from './peer-run.ts';
import { startWorkers } from './worker-processes.ts';

/**
 * The old RabbitMQ/Redis system rebuilt: a durable queue with persistent messages, one process per worker, a counter in
 * Redis. All jobs are in the queue before the workers start.
 */
export function rabbitmq(services: PeerServices, rabbitMqUrl: string): System {
  return {
    name: 'rabbitmq',
    settings: { prefetch: 10 },
    packing: PEER_PACKING,
    async start({ workers, workMs }) {
      const script = join(import.meta.dirname, 'rabbitmq-worker.ts');
      const environment = { PEER_RABBITMQ_URL: rabbitMqUrl };
      const processes = await startWorkers(script, workers, services, workMs, environment);
      const connection = await connect(rabbitMqUrl);
      return {
        async run(count) {
          const { runId, jobs } = newJobs(count);
          await fillQueue(connection, runId, jobs);
          try {
            processes.tell(runId);
            const readCount = async () => Number(await services.redis.get(runId));
            const counted = await processes.during(allCounted(count, readCount, services.signal));
            return await outcomeOf(services.results, { runId, jobs: count, counted, workMs });
          } finally {
            await deleteQueue(connection, runId);
            await services.redis.del(runId);
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

async function fillQueue(connection: ChannelModel, queue: string, jobs: readonly object[]): Promise<void> {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  for (const chunk of chunksOf(jobs, SEND_CHUNK)) {
    for (const job of chunk)
      channel.sendToQueue(queue, Buffer.from(JSON.stringify(job)), { persistent: true });
    await channel.waitForConfirms();
  }
  await channel.close();
}

async function deleteQueue(connection: ChannelModel, queue: string): Promise<void> {
  const channel = await connection.createChannel();
  await channel.deleteQueue(queue);
  await channel.close();
}
