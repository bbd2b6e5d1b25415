import type { Context, System } from '../benchmark.ts';
import type { Contender } from '../contender.ts';
import { openDrumline, usualPacking } from '../drumline.ts';
import { bullmq } from './bullmq/bullmq.ts';
import { openIndex, type PeerPlaces } from './peer.ts';
import { openPowertools } from './powertools/powertools.ts';
import { openRabbitMq } from './rabbitmq.ts';
import { openRedis, type UsableRedis } from './redis.ts';
import { seed } from './seed/seed.ts';
import { versionOf } from './version.ts';

export interface Places {
  systems: System[];
  jobsPerMessage: number[];
  /** Servers of the user's own. */
  rabbitmq?: string;
  redis?: string;
}

/** Has the systems that are asked for ready, but for those whose servers are missing: these are named, and left out. */
export async function openContenders(context: Context<Places>): Promise<Contender[]> {
  const { options, signal, step } = context;
  const asked = (system: System) => options.systems.includes(system);
  const cloud = await context.cloud();
  const { elasticsearchUrl } = cloud.home;
  const contenders: Contender[] = [];
  if (asked('drumline')) {
    const drumline = await openDrumline(context);
    const packings = new Set([usualPacking().jobsPerMessage, ...options.jobsPerMessage]);
    contenders.push(...[...packings].map((jobsPerMessage) => drumline({ jobsPerMessage })));
  }
  const redis =
    asked('seed') || asked('bullmq')
      ? await step('Starting Redis', () => openRedis(context, cloud.home, options.redis))
      : undefined;
  const places = async (system: System, usable: UsableRedis): Promise<PeerPlaces> => {
    const results = await openIndex(context, cloud, system);
    return { redisUrl: usable.url, redis: usable.redis, results, elasticsearchUrl, signal };
  };
  if (asked('seed')) {
    const rabbitMqUrl = await step('Starting RabbitMQ', () =>
      openRabbitMq(context, cloud.home, options.rabbitmq),
    );
    if (redis && rabbitMqUrl !== undefined) {
      contenders.push(seed(await places('seed', redis), rabbitMqUrl));
    } else leaveOut(context, 'seed', ['rabbitmq-server', 'redis-server'], '--rabbitmq URL and --redis URL');
  }
  if (asked('bullmq')) {
    if (redis) {
      context.uses('BullMQ', versionOf('bullmq'));
      contenders.push(bullmq(await places('bullmq', redis)));
    } else leaveOut(context, 'bullmq', ['redis-server'], '--redis URL');
  }
  if (asked('powertools')) {
    context.uses('Powertools for AWS Lambda', versionOf('@aws-lambda-powertools/batch'));
    const results = await openIndex(context, cloud, 'powertools');
    contenders.push(await openPowertools(context, cloud, results));
  }
  return contenders;
}

function leaveOut({ progress }: Context<Places>, system: System, packages: string[], option: string): void {
  progress(
    `${system} is left out: not all of ${packages.join(' and ')} is here. Install what is missing (sudo apt-get install -y ${packages.join(' ')}), or name yours with ${option}.`,
  );
}
