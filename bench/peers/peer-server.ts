import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LocalHome } from '../../local/base/home.ts';
import { isAnswering } from '../../local/process/ports.ts';
import { type Server, startServer, stopServer } from '../../local/process/server-process.ts';
import type { Context } from '../harness/benchmark.ts';

/** A server that a peer needs. The benchmark starts it on 127.0.0.1 and stops it at its end. */
export interface PeerServer extends Pick<Server, 'port' | 'environment' | 'childPath'> {
  /** Names its pid file and its log. */
  name: string;
  command: string[];
}

/** Starts a server, after one that an earlier benchmark left running is stopped. @throws UserError if it does not start */
export async function startPeerServer(
  { atEnd, signal }: Context,
  home: LocalHome,
  { command, ...server }: PeerServer,
): Promise<void> {
  const started: Server = {
    ...server,
    portVariable: `--${server.name}`,
    pidFile: join(home.pids, server.name),
    logFile: join(home.logs, `${server.name}.log`),
    isHealthy: () => isAnswering(server.port),
    startDeadlineMs: 60_000,
    stopDeadlineMs: 30_000,
  };
  await stopServer(started);
  atEnd(() => stopServer(started));
  await startServer(started, command, signal);
}

/** The path of a program in one of these folders or else on the PATH; undefined if it is not installed. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const all = [...folders, ...(process.env.PATH ?? '').split(delimiter)];
  return all.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
