import { Redis } from 'ioredis';
import type { LocalHome } from '../../local/base/home.ts';
import { freePort } from '../../local/process/ports.ts';
import type { Context } from '../harness/benchmark.ts';
import { findProgram, startPeerServer } from './peer-server.ts';

/** A running Redis and a connection to it. */
export interface OpenRedis {
  url: string;
  redis: Redis;
}

/**
 * Connects to the given Redis, or starts one without persistence on 127.0.0.1.
 * @returns undefined if none is given and redis-server is not installed
 */
export async function openRedis(
  context: Context,
  home: LocalHome,
  givenUrl: string | undefined,
): Promise<OpenRedis | undefined> {
  const url = givenUrl ?? (await startRedis(context, home));
  if (url === undefined) return undefined;
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  context.atEnd(async () => redis.disconnect());
  const [, version = ''] = /redis_version:(\S+)/.exec(await redis.info('server')) ?? [];
  context.uses('Redis', version);
  return { url, redis };
}

async function startRedis(context: Context, home: LocalHome): Promise<string | undefined> {
  const program = findProgram('redis-server');
  if (program === undefined) return undefined;
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const address = ['--bind', '127.0.0.1', '--port', String(port), '--dir', home.logs];
  await startPeerServer(context, home, {
    name: 'redis',
    port,
    environment: { PATH: process.env.PATH },
    childPath: home.root,
    command: [program, ...address, '--save', '', '--appendonly', 'no'],
  });
  return url;
}
