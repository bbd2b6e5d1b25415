import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'amqplib';
import type { LocalHome } from '../../local/base/home.ts';
import { freePort } from '../../local/process/ports.ts';
import type { Context } from '../harness/benchmark.ts';
import { findProgram, startPeerServer } from './peer-server.ts';

/** Debian's `rabbitmq-server` on the PATH switches to another user first; the one in these folders does not. */
const FOLDERS = ['/usr/lib/rabbitmq/bin', '/opt/homebrew/sbin', '/usr/local/sbin'];

/**
 * Checks the given RabbitMQ, or starts one on 127.0.0.1.
 * @returns its URL; undefined if none is given and rabbitmq-server or epmd is not installed
 */
export async function openRabbitMq(
  context: Context,
  home: LocalHome,
  givenUrl: string | undefined,
): Promise<string | undefined> {
  const url = givenUrl ?? (await startRabbitMq(context, home));
  if (url === undefined) return undefined;
  const connection = await connect(url);
  context.uses('RabbitMQ', String(connection.connection.serverProperties.version));
  await connection.close();
  return url;
}

async function startRabbitMq(context: Context, home: LocalHome): Promise<string | undefined> {
  const program = findProgram('rabbitmq-server', FOLDERS);
  const epmd = findProgram('epmd');
  if (program === undefined || epmd === undefined) return undefined;
  const ports = { amqp: await freePort(), epmd: await freePort(), distribution: await freePort() };
  const url = `amqp://127.0.0.1:${ports.amqp}`;
  const base = join(home.root, 'rabbitmq');
  await rm(base, { recursive: true, force: true });
  // A folder per start: a broker that an earlier benchmark left running is stopped later, and may still write to its own.
  const folder = join(base, String(ports.amqp));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'enabled_plugins'), '[].\n');
  const shared = { environment: environmentOf(folder, ports), childPath: 'rabbit' };
  // Erlang's name server. RabbitMQ would start it as a daemon on all interfaces and leave it running.
  const command = [epmd, '-address', '127.0.0.1', '-port', String(ports.epmd)];
  await startPeerServer(context, home, { ...shared, name: 'epmd', port: ports.epmd, command });
  await startPeerServer(context, home, { ...shared, name: 'rabbitmq', port: ports.amqp, command: [program] });
  return url;
}

/** @param ports for clients, of Erlang's name server, and for other Erlang nodes, of which there are none */
function environmentOf(
  folder: string,
  ports: { amqp: number; epmd: number; distribution: number },
): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    // Erlang writes its cookie there.
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports.epmd),
    RABBITMQ_NODENAME: 'drumline-bench@localhost',
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_DIST_PORT: String(ports.distribution),
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
