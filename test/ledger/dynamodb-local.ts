import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Installation } from '../../local/process/install.ts';
import { runTool } from '../../local/process/run-tool.ts';
import { type Server, startServer } from '../../local/process/server-process.ts';

const SOURCES = join(import.meta.dirname, 'dynamodb-local');
const POM = join(SOURCES, 'pom.xml');
const LAUNCHER = join(SOURCES, 'Launcher.java');

// A fixed version, since Maven would take whichever is newest; this one runs on Maven 3.6.
const FETCH = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

const HEALTH_TIMEOUT_MS = 2_000;

/** Where DynamoDB Local is installed, and where and on which port of 127.0.0.1 it runs. It keeps nothing. */
export interface DynamoDbLocalHome {
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

/** Amazon's DynamoDB Local from its published jars; `jdk` is the folder of javac. */
export function dynamoDbLocalInstallation({ software }: DynamoDbLocalHome, jdk = ''): Installation {
  return {
    folder: software,
    async version() {
      const parts = [FETCH, await readFile(POM), await readFile(LAUNCHER)];
      return parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
    },
    async build(folder) {
      const lib = join(folder, 'lib');
      // --strict-checksums: a jar that does not match its published checksum is an error, not a warning.
      const quietly = ['--batch-mode', '--quiet', '--strict-checksums', '--file', POM];
      await runTool('mvn', [...quietly, FETCH, '-DincludeScope=runtime', `-DoutputDirectory=${lib}`]);
      const classes = join(folder, 'classes');
      await runTool(join(jdk, 'javac'), ['-cp', join(lib, '*'), '-d', classes, LAUNCHER]);
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
    childMark: home.software,
  };
}

/** Starts it, empty; `jdk` is the folder of java. */
export async function startDynamoDbLocal(home: DynamoDbLocalHome, jdk: string): Promise<void> {
  await mkdir(home.logs, { recursive: true });
  const lib = join(home.software, 'lib');
  await startServer(dynamoDbLocalServer(home), [
    join(jdk, 'java'),
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
