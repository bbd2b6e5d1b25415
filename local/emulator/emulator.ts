import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LocalHome } from '../base/home.ts';
import type { Installation } from '../process/install.ts';
import { killOrphans, respondsWithOk, type Server, startServer } from '../process/server-process.ts';
import { pythonOf, venvInstallation } from '../process/venv.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const SERVE = join(import.meta.dirname, 'serve.py');

/** The emulator's virtual environment; `python` is needed only to build it. */
export function emulatorInstallation(
  home: LocalHome,
  python = 'python3',
  signal?: AbortSignal,
): Installation {
  return venvInstallation(home.venv, [REQUIREMENTS], python, signal);
}

/** ministack, behind AWS's own protocols on one port. */
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
    // It finishes what its functions are doing and then writes its snapshot: all tables and queues, as JSON.
    stopDeadlineMs: 180_000,
    childMark: home.tmp,
  };
}

/** Starts the emulator with the state of its last clean stop. */
export async function startEmulator(home: LocalHome, signal?: AbortSignal): Promise<'started' | 'running'> {
  await mkdir(home.tmp, { recursive: true });
  // The emulator's worker script is CommonJS and runs from here, below this project's package.json, which says that
  // JavaScript is ES modules.
  await writeFile(join(home.tmp, 'package.json'), '{ "type": "commonjs" }\n');
  return startServer(emulatorServer(home), [pythonOf(home.venv), SERVE], signal);
}

/**
 * Puts aside a snapshot that is not what the emulator last knew. Its counters and queues would be of an earlier moment
 * than Elasticsearch's documents, and no later check could tell. The last one put aside is kept, for a look inside.
 */
export async function discardStaleState(home: LocalHome): Promise<void> {
  await killOrphans(emulatorServer(home));
  await rm(home.tmp, { recursive: true, force: true });
  if (!existsSync(home.state) || isStateWhole(home)) return;
  await rm(lostState(home), { recursive: true, force: true });
  await rename(home.state, lostState(home));
}

/** True once for each state that was discarded, even if the command that discarded it was interrupted. */
export async function isLossNews(home: LocalHome): Promise<boolean> {
  const told = join(lostState(home), 'told');
  if (!existsSync(lostState(home)) || existsSync(told)) return false;
  await writeFile(told, '');
  return true;
}

/** Forgets tables, queues, functions and stacks, also those put aside. The emulator must not be running. */
export async function wipeState(home: LocalHome): Promise<void> {
  for (const folder of [home.state, lostState(home), home.tmp])
    await rm(folder, { recursive: true, force: true });
}

const lostState = (home: LocalHome) => `${home.state}.lost`;

/** True if the snapshot is what the emulator knew when it stopped; serve.py leaves this mark. */
export function isStateWhole(home: LocalHome): boolean {
  return existsSync(join(home.state, 'whole'));
}

/**
 * The functions' processes inherit all of this, so it holds nothing of the caller's environment: a stray profile,
 * NODE_OPTIONS or setting would reach the user's code here and not on AWS.
 */
function emulatorEnvironment(home: LocalHome): NodeJS.ProcessEnv {
  const { HOME, NODE_EXTRA_CA_CERTS } = process.env;
  return {
    // The functions run on the very Node.js that runs us.
    PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME,
    TMPDIR: home.tmp,
    LANG: 'C.UTF-8',
    TZ: 'UTC', // as on AWS Lambda
    BIND_HOST: '127.0.0.1',
    // Stands in the queue URLs it hands out; `localhost` may be ::1, where it does not listen.
    MINISTACK_HOST: '127.0.0.1',
    GATEWAY_PORT: String(home.emulatorPort),
    AUTH: 'true',
    PERSIST_STATE: '1',
    STATE_DIR: home.state,
    // The snapshot holds buckets but not their objects: the CDK's assets, without which the next deploy fails.
    S3_PERSIST: '1',
    S3_DATA_DIR: join(home.state, 's3'),
    PYTHONUNBUFFERED: '1',
    // Listeners on ports of their own, for services that are not used here.
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
    // It would be a line in the functions' logs that is not JSON.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // For functions that talk to an Elasticsearch of the user's own behind a private certificate.
    ...(NODE_EXTRA_CA_CERTS && { NODE_EXTRA_CA_CERTS }),
  };
}
