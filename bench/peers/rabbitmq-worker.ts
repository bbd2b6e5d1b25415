import { connect as connectRabbitMq } from 'amqplib';
import { Redis } from 'ioredis';
import { type PeerJob, runPeerJob } from './peer-job.ts';

/** A worker of the old system: ten unacknowledged jobs at a time; it runs, writes, counts and acknowledges each job. */

const { PEER_RABBITMQ_URL = '', PEER_REDIS_URL = '' } = process.env;
const PREFETCH = 10;

const redis = new Redis(PEER_REDIS_URL);
const channel = await (await connectRabbitMq(PEER_RABBITMQ_URL)).createChannel();
await channel.prefetch(PREFETCH);

/** The message is the name of a queue that holds jobs. */
process.on('message', (queue: string) =>
  channel.consume(queue, async (message) => {
    if (!message) return;
    const job = JSON.parse(message.content.toString()) as PeerJob;
    await runPeerJob(job);
    await redis.incr(job.runId);
    channel.ack(message);
  }),
);
process.send?.('ready');
