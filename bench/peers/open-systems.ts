import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import type { Context } from '../harness/benchmark.ts';
import type { System, SystemName } from '../harness/throughput.ts';
import { bullmq } from './bullmq-system.ts';
import { defaultPacking, openDrumline } from './drumline.ts';
import { openPeerIndex, type PeerServices } from './peer-run.ts';
import { openPowertools } from './powertools-system.ts';
import { openRabbitMq } from './rabbitmq-server.ts';
import { rabbitmq } from './rabbitmq-system.ts';
import { type OpenRedis, openRedis } from './redis-server.ts';

/** Which systems to open, and with what. */
export interface SystemOptions {
  systems: SystemName[];
  /** Drumline is opened once with its default and once with each of these. */
  jobsPerMessage: number[];
  /** URLs of running servers to use. */
  rabbitmq?: string;
  redis?: string;
}

/** Starts the chosen systems. A system whose servers are not installed is left out, with a message. */
export async function openSystems(context: Context<SystemOptions>): Promise<System[]> {
  const { options, signal, step, uses } = context;
  const isChosen = (name: SystemName) => options.systems.includes(name);
  const cloud = await context.cloud();
  const { elasticsearchUrl } = cloud;
  const systems: System[] = [];
  if (isChosen('drumline')) {
    const drumline = await openDrumline(context);
    const packings = new Set([...options.jobsPerMessage, defaultPacking().jobsPerMessage]);
    systems.push(...[...packings].map((jobsPerMessage) => drumline({ jobsPerMessage })));
  }
  const redis =
    isChosen('rabbitmq') || isChosen('bullmq')
      ? await step('Starting Redis', () => openRedis(context, cloud.home, options.redis))
      : undefined;
  const servicesOf = async (name: SystemName, { url, redis }: OpenRedis): Promise<PeerServices> => {
    const results = await openPeerIndex(context, elasticsearchUrl, name);
    return { redisUrl: url, redis, results, elasticsearchUrl, signal };
  };
  if (isChosen('rabbitmq')) {
    const start = () => openRabbitMq(context, cloud.home, options.rabbitmq);
    const url = await step('Starting RabbitMQ', start);
    if (redis && url !== undefined) systems.push(rabbitmq(await servicesOf('rabbitmq', redis), url));
    else
      context.progress(leftOut('rabbitmq', 'rabbitmq-server redis-server', '--rabbitmq URL and --redis URL'));
  }
  if (isChosen('bullmq')) {
    uses('BullMQ', installedVersion('bullmq'));
    if (redis) systems.push(bullmq(await servicesOf('bullmq', redis)));
    else context.progress(leftOut('bullmq', 'redis-server', '--redis URL'));
  }
  if (isChosen('powertools')) {
    uses('Powertools for AWS Lambda', installedVersion('@aws-lambda-powertools/batch'));
    const results = await openPeerIndex(context, elasticsearchUrl, 'powertools');
    systems.push(await openPowertools(context, cloud, results));
  }
  return systems;
}

function leftOut(name: SystemName, packages: string, options: string): string {
  return `${name} is left out because its servers are not installed. Install them (sudo apt-get install -y ${packages}), or name running ones with ${options}.`;
}

function installedVersion(name: string): string {
  const file = join(PROJECT, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
