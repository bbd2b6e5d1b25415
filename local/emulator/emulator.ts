import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LocalHome } from '../base/home.ts';
import type { Installation } from '../process/install.ts';
import { killOrphans, respondsWithOk, type Server, startServer } from '../process/server-process.ts';
import { pythonOf, venvInstallation } from '../process/venv.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const SERVE = join(import.meta.dirname, 'serve.py');

/** The emulator's virtual environment. `python` creates it. */
export function emulatorInstallation(
  home: LocalHome,
  python = 'python3',
  signal?: AbortSignal,
): Installation {
  return venvInstallation(home.venv, [REQUIREMENTS], python, signal);
}

/** ministack, which serves the AWS APIs on one port. */
export function emulatorServer(home: LocalHome): Server {
  return {
    name: 'the emulator',
    port: home.emulatorPort,
    portVariable: 'DRUMLINE_EMULATOR_PORT',
    pidFile: join(home.pids, 'emulator'),
    logFile: join(home.logs, 'emulator.log'),
    environment: emulatorEnvironment(home),
    isHealthy: () => respondsWithOk(`${home.emulatorUrl}/_ministack/health`),
    startDeadlineMs: 60_000,
    // It waits for its functions, and then writes all tables and queues to its snapshot, as JSON.
    stopDeadlineMs: 180_000,
    childPath: home.tmp,
  };
}

/** Starts the emulator with the state of its last clean stop. */
export async function startEmulator(home: LocalHome, signal?: AbortSignal): Promise<'started' | 'running'> {
  await mkdir(home.tmp, { recursive: true });
  // The emulator's worker script is CommonJS and runs from this folder. Without this file the project's package.json
  // would apply, and it declares ES modules.
  await writeFile(join(home.tmp, 'package.json'), '{ "type": "commonjs" }\n');
  return startServer(emulatorServer(home), [pythonOf(home.venv), SERVE], signal);
}

/**
 * Sets a snapshot aside that is older than the emulator's last state. Its counters and queues would be older than
 * Elasticsearch's documents, and no later check could detect that. The last such snapshot is kept for inspection.
 */
export async function setAsideUnsavedState(home: LocalHome): Promise<void> {
  await killOrphans(emulatorServer(home));
  await rm(home.tmp, { recursive: true, force: true });
  if (!existsSync(home.state) || isStateSaved(home)) return;
  await rm(lostState(home), { recursive: true, force: true });
  await rename(home.state, lostState(home));
}

/** True once for each snapshot that was set aside, even if the command that did it was interrupted. */
export async function reportsLoss(home: LocalHome): Promise<boolean> {
  const reported = join(lostState(home), 'told');
  if (!existsSync(lostState(home)) || existsSync(reported)) return false;
  await writeFile(reported, '');
  return true;
}

/** Deletes tables, queues, functions and stacks, and the snapshot set aside. The emulator must not be running. */
export async function wipeState(home: LocalHome): Promise<void> {
  for (const folder of [home.state, lostState(home), home.tmp])
    await rm(folder, { recursive: true, force: true });
}

const lostState = (home: LocalHome) => `${home.state}.lost`;

/** Whether the snapshot has the state in which the emulator stopped. serve.py then creates this file. */
export function isStateSaved(home: LocalHome): boolean {
  return existsSync(join(home.state, 'whole'));
}

/**
 * The functions' processes inherit these variables. The caller's environment is left out, because an AWS profile or
 * NODE_OPTIONS would affect the user's code here and not on AWS.
 */
function emulatorEnvironment(home: LocalHome): NodeJS.ProcessEnv {
  const { HOME, NODE_EXTRA_CA_CERTS } = process.env;
  return {
    // The functions run on the Node.js that runs this process.
    PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME,
    TMPDIR: home.tmp,
    LANG: 'C.UTF-8',
    TZ: 'UTC', // as on AWS Lambda
    BIND_HOST: '127.0.0.1',
    // The host in queue URLs. `localhost` may resolve to ::1, where the emulator does not listen.
    MINISTACK_HOST: '127.0.0.1',
    GATEWAY_PORT: String(home.emulatorPort),
    AUTH: 'true',
    PERSIST_STATE: '1',
    STATE_DIR: home.state,
    // The snapshot does not include the objects in buckets. The next deployment needs them: they are the CDK's assets.
    S3_PERSIST: '1',
    S3_DATA_DIR: join(home.state, 's3'),
    PYTHONUNBUFFERED: '1',
    // These unused services would listen on further ports.
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
    // The warning would be a line in the functions' logs that is not JSON.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // For the user's own Elasticsearch with a private certificate.
    ...(NODE_EXTRA_CA_CERTS && { NODE_EXTRA_CA_CERTS }),
  };
}
