import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalHome } from '../../local/base/home.ts';
import { compileJava, fetchJars, javaOf } from '../../local/java/java.ts';
import type { Installation } from '../../local/process/install.ts';
import { type Server, startServer } from '../../local/process/server-process.ts';

const SOURCES = join(import.meta.dirname, 'dynamodb-local');
// Amazon's licence allows the use of DynamoDB Local, but not its distribution. It is used for tests only.
const JARS = join(SOURCES, 'jars.sha256');
const LAUNCHER = join(SOURCES, 'Launcher.java');

const HEALTH_TIMEOUT_MS = 2_000;

/** Where DynamoDB Local is installed, and where and on which port of 127.0.0.1 it runs. It keeps no data on disk. */
export interface DynamoDbLocalHome extends Pick<LocalHome, 'java' | 'downloads'> {
  software: string;
  pids: string;
  logs: string;
  port: number;
}

/** The machines that it brings its database for, a native library. */
const MACHINES = new Set(['linux x64', 'darwin x64', 'win32 x64']);

/** Why it can't run on a machine, if it can't. */
export function missingOn(platform: string, arch: string): string | undefined {
  const machine = `${platform} ${arch}`;
  return MACHINES.has(machine) ? undefined : `it has no native library for ${machine}`;
}

export const urlOf = ({ port }: DynamoDbLocalHome) => `http://127.0.0.1:${port}`;

/** Amazon's DynamoDB Local from its published jars. Java must be installed in the same home. */
export function dynamoDbLocalInstallation(home: DynamoDbLocalHome): Installation {
  return {
    folder: home.software,
    async version() {
      const hash = createHash('sha256');
      for (const input of [JARS, LAUNCHER]) hash.update(await readFile(input));
      return hash.digest('hex');
    },
    async build(folder) {
      const lib = join(folder, 'lib');
      await fetchJars(home, JARS, lib);
      await compileJava(home, LAUNCHER, lib, join(folder, 'classes'));
    },
  };
}

export function dynamoDbLocalServer(home: DynamoDbLocalHome): Server {
  return {
    name: 'DynamoDB Local',
    port: home.port,
    portVariable: 'DRUMLINE_TEST_DYNAMODB_PORT',
    pidFile: join(home.pids, 'dynamodb-local'),
    logFile: join(home.logs, 'dynamodb-local.log'),
    environment: { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8' },
    isHealthy: () => answers(urlOf(home)),
    startDeadlineMs: 60_000,
    stopDeadlineMs: 10_000,
    childPath: home.software,
  };
}

/** Starts DynamoDB Local without any tables. */
export async function startDynamoDbLocal(home: DynamoDbLocalHome): Promise<void> {
  await mkdir(home.logs, { recursive: true });
  const lib = join(home.software, 'lib');
  await startServer(dynamoDbLocalServer(home), [
    await javaOf(home),
    '-Xmx256m',
    // It keeps its tables in SQLite, whose native library lies among the jars.
    `-Dsqlite4java.library.path=${lib}`,
    '-cp',
    `${join(home.software, 'classes')}:${join(lib, '*')}`,
    'Launcher',
    String(home.port),
  ]);
}

/** Any answer will do: to a call without a signature it is a refusal. */
async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).then(
    () => true,
    () => false,
  );
}
