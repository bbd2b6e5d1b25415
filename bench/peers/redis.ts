import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { LocalHome } from '../../local/home.ts';
import { freePort } from '../../local/process/ports.ts';
import { startServer, stopServer } from '../../local/process/server-process.ts';
import type { Context } from '../benchmark.ts';
import { findProgram } from './program.ts';

/** A Redis that can be used, with a connection to it. */
export interface UsableRedis {
  url: string;
  redis: Redis;
}

/** A Redis of the benchmark's own, without persistence, unless one is given; nothing where there is no program for it. */
export async function openRedis(
  { atEnd, uses, signal }: Context,
  home: LocalHome,
  given: string | undefined,
): Promise<UsableRedis | undefined> {
  const program = findProgram('redis-server', ['/usr/bin', '/usr/local/bin']);
  if (given === undefined && program === undefined) return undefined;
  const port = await freePort();
  const url = given ?? `redis://127.0.0.1:${port}`;
  if (given === undefined) {
    const server = {
      name: 'Redis',
      port,
      portVariable: '--redis',
      pidFile: join(home.pids, 'redis'),
      logFile: join(home.logs, 'redis.log'),
      environment: { PATH: process.env.PATH },
      isHealthy: () => answers(url),
      startDeadlineMs: 20_000,
      stopDeadlineMs: 10_000,
      childMark: home.root,
    };
    await stopServer(server);
    atEnd(() => stopServer(server));
    const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', home.logs];
    await startServer(server, [program ?? '', ...place, '--save', '', '--appendonly', 'no'], signal);
  }
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  atEnd(async () => redis.disconnect());
  const [, version = ''] = /redis_version:(\S+)/.exec(await redis.info('server')) ?? [];
  uses('Redis', version);
  return { url, redis };
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
