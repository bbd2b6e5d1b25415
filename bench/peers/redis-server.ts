import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { LocalHome } from '../../local/base/home.ts';
import { freePort } from '../../local/process/ports.ts';
import { startServer, stopServer } from '../../local/process/server-process.ts';
import type { Context } from '../harness/benchmark.ts';
import { findProgram } from './find-program.ts';

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
  { atEnd, uses, signal }: Context,
  home: LocalHome,
  givenUrl: string | undefined,
): Promise<OpenRedis | undefined> {
  const program = findProgram('redis-server', ['/usr/bin', '/usr/local/bin']);
  if (givenUrl === undefined && program === undefined) return undefined;
  const port = await freePort();
  const url = givenUrl ?? `redis://127.0.0.1:${port}`;
  if (givenUrl === undefined) {
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
      childPath: home.root,
    };
    await stopServer(server);
    atEnd(() => stopServer(server));
    const address = ['--bind', '127.0.0.1', '--port', String(port), '--dir', home.logs];
    await startServer(server, [program ?? '', ...address, '--save', '', '--appendonly', 'no'], signal);
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
