import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect } from 'amqplib';
import type { LocalHome } from '../../local/home.ts';
import { freePort } from '../../local/process/ports.ts';
import { type Server, startServer, stopServer } from '../../local/process/server-process.ts';
import type { Context } from '../benchmark.ts';
import { findProgram } from './program.ts';

/** Debian's program on the PATH starts the server as another user; the one behind it as whoever asks. */
const FOLDERS = ['/usr/lib/rabbitmq/bin', '/opt/homebrew/sbin', '/usr/local/sbin'];

/** A RabbitMQ of the benchmark's own, on 127.0.0.1 alone, unless one is given; nothing where there is no program for it. */
export async function openRabbitMq(
  { atEnd, uses, signal }: Context,
  home: LocalHome,
  given: string | undefined,
): Promise<string | undefined> {
  const program = findProgram('rabbitmq-server', FOLDERS);
  const epmd = findProgram('epmd', []);
  if (given === undefined && (program === undefined || epmd === undefined)) return undefined;
  const [port, names, distribution] = [await freePort(), await freePort(), await freePort()];
  const url = given ?? `amqp://127.0.0.1:${port}`;
  if (given === undefined) {
    const folder = join(home.root, 'rabbitmq');
    const environment = environmentOf(folder, { port, names, distribution });
    const servers = [
      // Erlang's name server. RabbitMQ would start it as a daemon, on all interfaces, and leave it behind.
      { ...serverOf(home, 'epmd', names, environment), isHealthy: () => accepts(names) },
      { ...serverOf(home, 'rabbitmq', port, environment), isHealthy: () => answers(url) },
    ] as const;
    for (const server of [...servers].reverse()) await stopServer(server);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'enabled_plugins'), '[].\n');
    const commands = [
      [epmd ?? '', '-address', '127.0.0.1', '-port', String(names)],
      [program ?? ''],
    ] as const;
    for (const at of [0, 1] as const) {
      atEnd(() => stopServer(servers[at]));
      await startServer(servers[at], commands[at], signal);
    }
  }
  const connection = await connect(url);
  uses('RabbitMQ', String(connection.connection.serverProperties.version));
  await connection.close();
  return url;
}

interface Ports {
  /** For clients. */
  port: number;
  /** Of Erlang's name server. */
  names: number;
  /** For other Erlang nodes, of which there are none. */
  distribution: number;
}

function environmentOf(folder: string, { port, names, distribution }: Ports): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    // Its cookie lies there.
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(names),
    RABBITMQ_NODENAME: 'drumline-bench@localhost',
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
  };
}

function serverOf(
  home: LocalHome,
  name: string,
  port: number,
  environment: NodeJS.ProcessEnv,
): Omit<Server, 'isHealthy'> {
  return {
    name: name === 'epmd' ? 'Erlang’s name server' : 'RabbitMQ',
    port,
    portVariable: '--rabbitmq',
    pidFile: join(home.pids, name),
    logFile: join(home.logs, `${name}.log`),
    environment,
    startDeadlineMs: 60_000,
    stopDeadlineMs: 30_000,
    childMark: 'rabbit',
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await connect(url)).close();
    return true;
  } catch {
    return false;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
