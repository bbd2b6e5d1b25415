import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { promisify } from 'node:util';
import { UserError } from '../base/user-error.ts';

const run = promisify(execFile);

/**
 * Checks that a server can listen on this port of 127.0.0.1.
 * @param variable the environment variable that sets the port
 * @throws UserError that names the port, the process that uses it (if ss or lsof finds it) and the variable
 */
export async function requireFreePort(port: number, server: string, variable: string): Promise<void> {
  const code = (await isAnswering(port)) ? 'EADDRINUSE' : await bindingError(port);
  if (!code) return;
  const example = `${variable}=${port < 60_000 ? port + 1000 : port - 1000}`;
  if (code === 'EADDRINUSE') {
    const holder = await holderOf(port);
    throw new UserError(
      `Port ${port}, which ${server} needs, is already in use${holder ? ` by ${holder}` : ''}.`,
      `Stop that program, or set another port, for example ${example}.`,
    );
  }
  throw new UserError(
    `Port ${port}, which ${server} needs, can't be opened (${code}).`,
    `Set another port, for example ${example}.`,
  );
}

/** A port of 127.0.0.1 on which no process listens at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** On some systems a port can be opened although a process listens on it on all interfaces. That process answers. */
export async function isAnswering(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const answered = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return answered;
}

async function bindingError(port: number): Promise<string | undefined> {
  const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  try {
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    server.close();
  }
}

/** For example `java (pid 4711)`. Undefined if neither ss nor lsof finds the process. */
async function holderOf(port: number): Promise<string | undefined> {
  const [ss, lsof] = await Promise.all([
    output('ss', ['-Hltnp', `sport = :${port}`]),
    output('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']),
  ]);
  const [, name, pid] = /\(\("([^"]+)",pid=(\d+)/.exec(ss) ?? [];
  if (name) return `${name} (pid ${pid})`;
  const [, lsofPid, lsofName] = /^p(\d+)\nc(.+)$/m.exec(lsof) ?? [];
  return lsofName && `${lsofName} (pid ${lsofPid})`;
}

async function output(command: string, args: string[]): Promise<string> {
  return run(command, args, { timeout: 3000 }).then(
    ({ stdout }) => stdout,
    () => '',
  );
}
