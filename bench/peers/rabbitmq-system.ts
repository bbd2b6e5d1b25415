import { join } from 'node:path';
import { connect } from 'amqplib';
import { chunk } from '../../functions/core/grouping.ts';
import type { System } from '../harness/throughput.ts';
import { PEER_PACKING, type PeerQueue, type PeerServices, runPeer, SEND_CHUNK } from './peer-run.ts';
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
      const channel = await connection.createConfirmChannel();
      const peerQueue: PeerQueue = {
        async fill(runId, jobs) {
          await channel.assertQueue(runId, { durable: true });
          for (const some of chunk(jobs, { count: SEND_CHUNK })) {
            for (const job of some)
              channel.sendToQueue(runId, Buffer.from(JSON.stringify(job)), { persistent: true });
            await channel.waitForConfirms();
          }
        },
        open: async (runId) => processes.tell(runId),
        readCount: (runId) => services.redis.get(runId),
        async close(runId) {
          await channel.deleteQueue(runId);
          await services.redis.del(runId);
        },
      };
      return {
        run: (jobs) => processes.during(runPeer(peerQueue, services, jobs, workMs)),
        async stop() {
          await connection.close();
          await processes.stop();
        },
      };
    },
  };
}
