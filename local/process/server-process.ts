import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/user-error.ts';
import { requireFreePort } from './ports.ts';
import { identify, isAlive, membersOf, PRINT_OWN_START, type ProcessIdentity } from './process-identity.ts';

/** A server of the local cloud: how it is started, recognized and stopped. */
export type Server = {
  /** For the middle of a sentence, for example `the emulator`. */
  readonly name: string;
  readonly port: number;
  /** The environment variable that sets `port`. */
  readonly portVariable: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Whether the server answers requests. */
  readonly isHealthy: () => Promise<boolean>;
  /** How long it may take until it answers requests, in milliseconds. */
  readonly startDeadlineMs: number;
  /** How long it may take to exit after SIGTERM, in milliseconds. After that it is killed. */
  readonly stopDeadlineMs: number;
  /** A path that occurs in the command line of every process that this server starts. */
  readonly childPath: string;
};

export type ServerState =
  | { readonly running: false }
  | {
      readonly running: true;
      readonly pid: number;
      readonly port: number;
      readonly since: Date;
      readonly healthy: boolean;
    };

type RecordedProcess = ProcessIdentity & { readonly port: number };

const MAX_LOG_BYTES = 10 * 1024 * 1024;
const MAX_LOG_LINES = 12;
const KILL_DEADLINE_MS = 5000;
const POLL_INTERVAL_MS = 100;
const HEALTH_TIMEOUT_MS = 2000;

// The shell writes its own pid and start to the pid file, and then becomes the server. So a running server is always
// recorded, even if this process is killed in between.
const RECORD_AND_EXEC = `
  echo "$$ $1 $(${PRINT_OWN_START})" > "$0.new" && mv "$0.new" "$0" && shift && exec "$@"`;

export async function inspectServer(server: Server): Promise<ServerState> {
  const process = runningProcess(server);
  if (!process) return { running: false };
  const since = statSync(server.pidFile).mtime;
  return { running: true, pid: process.pid, port: process.port, since, healthy: await server.isHealthy() };
}

export function isRunning(server: Server): boolean {
  return runningProcess(server) !== undefined;
}

/**
 * Checks whether `startServer` can work. Changes nothing.
 * @throws UserError if the server runs on another port, or another program uses its port
 */
export async function requireStartable(server: Server): Promise<void> {
  const process = runningProcess(server);
  if (!process) return requireFreePort(server.port, server.name, server.portVariable);
  if (process.port !== server.port) {
    throw new UserError(
      `Port ${server.port} can't be used: ${server.name} already runs on port ${process.port}.`,
      `Run "drumline down" first, or set ${server.portVariable}=${process.port}.`,
    );
  }
}

/**
 * Starts the server unless it is running, and waits until it answers requests. It outlives this process, and does not
 * get the terminal's Ctrl-C.
 * @throws UserError with the last lines of its log if it exits or does not answer
 */
export async function startServer(
  server: Server,
  command: readonly string[],
  signal?: AbortSignal,
): Promise<'started' | 'running'> {
  await requireStartable(server);
  const found = runningProcess(server);
  const process = found ?? launch(server, command);
  const hasAnsweredOrExited = async () => (await server.isHealthy()) || !isAlive(process);
  const inTime = await poll(hasAnsweredOrExited, server.startDeadlineMs, signal);
  if (!isAlive(process)) {
    rmSync(server.pidFile, { force: true });
    throw new UserError(
      `Starting ${server.name} failed; the last lines of its log:\n${logEnd(server)}`,
      `The whole log: ${server.logFile}`,
    );
  }
  if (!inTime) {
    throw new UserError(
      `Port ${server.port} does not answer although ${server.name} runs; the last lines of its log:\n${logEnd(server)}`,
      `Run "drumline down" and try again. The whole log: ${server.logFile}`,
    );
  }
  return found ? 'running' : 'started';
}

/** Stops the server if it is running, and kills the processes that it has left. */
export async function stopServer(server: Server): Promise<'stopped' | 'not running'> {
  const process = runningProcess(server);
  if (process) {
    kill(process, 'SIGTERM');
    if (!(await poll(() => !isAlive(process), server.stopDeadlineMs))) kill(process, 'SIGKILL');
    await poll(() => !isAlive(process), KILL_DEADLINE_MS);
  }
  await killOrphans(server);
  rmSync(server.pidFile, { force: true });
  return process ? 'stopped' : 'not running';
}

/** Kills the processes that a dead server has left in its process group. */
export async function killOrphans(server: Server): Promise<void> {
  const leader = readRecord(server);
  if (!leader || isAlive(leader)) return;
  // After a restart of the machine another program's group may have this number. Its commands do not have the path.
  const orphans = () => membersOf(leader.pid).filter(({ command }) => command.includes(server.childPath));
  for (const orphan of orphans()) kill(orphan, 'SIGKILL');
  await poll(() => orphans().length === 0, KILL_DEADLINE_MS);
}

function launch(server: Server, command: readonly string[]): ProcessIdentity {
  for (const file of [server.pidFile, server.logFile]) mkdirSync(dirname(file), { recursive: true });
  if ((statSync(server.logFile, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) {
    renameSync(server.logFile, `${server.logFile}.old`);
  }
  rmSync(server.pidFile, { force: true });
  const log = openSync(server.logFile, 'a');
  try {
    const child = spawn('sh', ['-c', RECORD_AND_EXEC, server.pidFile, String(server.port), ...command], {
      cwd: dirname(server.logFile),
      env: server.environment,
      stdio: ['ignore', log, log],
      detached: true, // in a new process group and session
    });
    child.unref();
    const pid = child.pid ?? 0;
    return identify(pid) ?? { pid, start: 'has ended' };
  } finally {
    closeSync(log);
  }
}

function runningProcess(server: Server): RecordedProcess | undefined {
  const process = readRecord(server);
  return process && isAlive(process) ? process : undefined;
}

function readRecord({ pidFile }: Server): RecordedProcess | undefined {
  const text = existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '';
  const [, pid, port, start] = /^(\d+) (\d+) (.+)\n$/.exec(text) ?? [];
  return start ? { pid: Number(pid), port: Number(port), start: start.trim() } : undefined;
}

function kill({ pid }: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: it has just exited
  }
}

function logEnd({ logFile }: Server): string {
  const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n') : [];
  return lines
    .slice(-MAX_LOG_LINES)
    .map((line) => `  ${line}`)
    .join('\n');
}

/**
 * Repeats a check until it holds.
 * @param deadlineMs how long to repeat it, in milliseconds
 * @returns false if the deadline passes first
 * @throws the signal's reason when it is aborted
 */
export async function poll(
  check: () => boolean | Promise<boolean>,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await check()) return true;
    if (Date.now() >= deadline) return false;
    await sleep(POLL_INTERVAL_MS);
  }
}

/** Whether a GET request is answered with a status from 200 to 299 within two seconds. */
export async function respondsWithOk(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
