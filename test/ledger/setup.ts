import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type LocalHome, localHome } from '../../local/base/home.ts';
import { silently } from '../../local/base/steps.ts';
import {
  emulatorInstallation,
  emulatorServer,
  startEmulator,
  wipeState,
} from '../../local/emulator/emulator.ts';
import { javaInstallation } from '../../local/java/java.ts';
import { install, isInstalled, removeUnfinished } from '../../local/process/install.ts';
import { withLock } from '../../local/process/lock.ts';
import { freePort } from '../../local/process/ports.ts';
import { identify, isAlive } from '../../local/process/process-identity.ts';
import { inspectServer, type Server, stopServer } from '../../local/process/server-process.ts';
import { checkRequirements, requireAll } from '../../local/requirements.ts';
import type { BackEnd } from './back-ends.ts';
import {
  type DynamoDbLocalHome,
  dynamoDbLocalInstallation,
  dynamoDbLocalServer,
  missingOn,
  startDynamoDbLocal,
  urlOf,
} from './dynamodb-local.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    backEnds: BackEnd[];
  }
}

/** The tests' own folder. What is installed there stays, so that only the first run takes the time. */
const INSTALLED = resolve(process.env.DRUMLINE_TEST_HOME || join(localHome().root, 'test'));

/** Starts the suite's two DynamoDB emulators, empty and on separate ports, and stops them after the suite. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const emulator = await emulatorHome();
  const dynamoDbLocal = await dynamoDbLocalHome(emulator);
  const missing = missingOn(process.platform, process.arch);
  const servers = [emulatorServer(emulator), ...(missing ? [] : [dynamoDbLocalServer(dynamoDbLocal)])];
  const stop = async () => {
    await Promise.all(servers.map(stopServer));
    await wipeState(emulator);
  };
  await mkdir(emulator.root, { recursive: true });
  // An earlier run may have been killed: what it left is stopped, and its data is no concern of ours.
  await stop();
  await installMissing(emulator, missing ? undefined : dynamoDbLocal);
  const starts = await Promise.allSettled([
    startEmulator(emulator),
    ...(missing ? [] : [startDynamoDbLocal(dynamoDbLocal)]),
  ]);
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  await Promise.all(servers.map(endWithThisProcess));
  project.provide('backEnds', [
    { name: 'ministack', endpoint: emulator.emulatorUrl },
    { name: 'DynamoDB Local', endpoint: urlOf(dynamoDbLocal), missing },
  ]);
  return stop;
}

/** Vitest tears nothing down when it is interrupted. */
async function endWithThisProcess(server: Server): Promise<void> {
  const state = await inspectServer(server);
  const found = state.running && identify(state.pid);
  if (found) process.once('exit', () => isAlive(found) && process.kill(found.pid));
}

/** A separate home that shares its installed software with the end-to-end tests. */
async function emulatorHome(): Promise<LocalHome> {
  const own = localHome({
    DRUMLINE_HOME: join(INSTALLED, 'ledger'),
    DRUMLINE_EMULATOR_PORT: String(await freePort()),
  });
  const shared = (name: string) => join(INSTALLED, name);
  return {
    ...own,
    venv: shared('venv'),
    java: shared('java'),
    downloads: shared('downloads'),
    lock: shared('lock'),
  };
}

async function dynamoDbLocalHome({ pids, logs, java, downloads }: LocalHome): Promise<DynamoDbLocalHome> {
  const port = Number(process.env.DRUMLINE_TEST_DYNAMODB_PORT) || (await freePort());
  return { software: join(INSTALLED, 'dynamodb-local'), pids, logs, java, downloads, port };
}

function installMissing(emulator: LocalHome, dynamoDbLocal: DynamoDbLocalHome | undefined): Promise<void> {
  return withLock(emulator.lock, silently, undefined, async () => {
    await removeUnfinished(INSTALLED);
    const { Python: python } = requireAll(await checkRequirements(['Python']));
    const installations = [
      emulatorInstallation(emulator, python),
      ...(dynamoDbLocal
        ? [javaInstallation(emulator, python), dynamoDbLocalInstallation(dynamoDbLocal)]
        : []),
    ];
    for (const installation of installations) {
      if (!(await isInstalled(installation))) await install(installation);
    }
  });
}
