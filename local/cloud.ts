import { existsSync } from 'node:fs';
import { explainFolderErrors, makeFolder } from './base/folder-errors.ts';
import type { LocalHome } from './base/home.ts';
import type { Step } from './base/steps.ts';
import {
  elasticsearchInstallation,
  elasticsearchServer,
  startElasticsearch,
  wipeDocuments,
} from './elasticsearch/elasticsearch.ts';
import { requireElasticsearch8, withoutCredentials } from './elasticsearch/own-elasticsearch.ts';
import {
  emulatorInstallation,
  emulatorServer,
  isStateSaved,
  reportsLoss,
  setAsideUnsavedState,
  startEmulator,
  wipeState,
} from './emulator/emulator.ts';
import { hasJavaPackage, javaInstallation } from './java/java.ts';
import { install, isInstalled, removeUnfinished } from './process/install.ts';
import { withLock } from './process/lock.ts';
import {
  inspectServer,
  isRunning,
  requireStartable,
  type ServerState,
  stopServer,
} from './process/server-process.ts';
import { checkRequirements, type RequirementName, requireAll } from './requirements.ts';

export type UpOptions = {
  /** The user's own Elasticsearch 8. Then none is installed or started. */
  readonly elasticsearchUrl?: string | undefined;
  /**
   * Work that needs only the emulator. It begins as soon as the emulator serves requests, while Elasticsearch is still
   * being installed or started.
   * @param elasticsearch resolves when Elasticsearch serves requests, and rejects if it fails to start
   */
  readonly onEmulatorReady?: ((elasticsearch: Promise<unknown>) => Promise<void>) | undefined;
  readonly step: Step;
  readonly signal?: AbortSignal | undefined;
};

export type UpResult = {
  readonly emulator: 'started' | 'running';
  readonly elasticsearch: 'started' | 'running' | 'external';
  /** A sentence that names the lost data. Only if the emulator was not stopped cleanly. */
  readonly lost?: string;
};

const STATE_LOST =
  'The emulator was not stopped cleanly. The ledger, the queue and the deployment are lost; deploy again. ' +
  "Elasticsearch's documents are kept.";

const STATE_NOT_SAVED =
  'The emulator could not save its state (see its log). The next start has no ledger, queue or deployment. ' +
  "Elasticsearch's documents are kept.";

/**
 * Starts the local cloud. Installs only what is missing, and starts only what is not running. The call may be
 * interrupted at any point and repeated. Concurrent calls wait for each other.
 * @throws UserError for what a person can correct: missing programs, ports in use, a folder without write permission
 */
export function up(
  home: LocalHome,
  { elasticsearchUrl, onEmulatorReady, step, signal }: UpOptions,
): Promise<UpResult> {
  return explainFolderErrors(home.root, async () => {
    await makeFolder(home.root);
    return withLock(home.lock, step, signal, async () => {
      const withElasticsearch = elasticsearchUrl === undefined;
      await requireStartable(emulatorServer(home));
      await (withElasticsearch
        ? requireStartable(elasticsearchServer(home))
        : checkOwn(elasticsearchUrl, step));
      await removeUnfinished(home.root);
      const programs = requireAll(await checkRequirements(await requirementsOf(home, withElasticsearch)));

      const elasticsearch = withElasticsearch
        ? upElasticsearch(home, programs.Python, step, signal)
        : Promise.resolve('external' as const);
      const emulator = upEmulator(home, programs.Python, step, signal).then(async (result) => {
        await onEmulatorReady?.(elasticsearch);
        return result;
      });
      // If one of them fails, the other must not continue in the background.
      await Promise.allSettled([emulator, elasticsearch]);
      const result = { emulator: await emulator, elasticsearch: await elasticsearch };
      return { ...result, ...((await reportsLoss(home)) && { lost: STATE_LOST }) };
    });
  });
}

/** Stops the servers. With `wipe` it also deletes all data; the installed software is kept. */
export async function down(
  home: LocalHome,
  { wipe = false, step }: { readonly wipe?: boolean; readonly step: Step },
): Promise<{ readonly stopped: boolean; readonly lost?: string }> {
  if (!existsSync(home.root)) return { stopped: false };
  return explainFolderErrors(home.root, () =>
    withLock(home.lock, step, undefined, async () => {
      const servers = [emulatorServer(home), elasticsearchServer(home)];
      const running = servers.filter(isRunning);
      const stop = () => Promise.all(servers.map(stopServer));
      await (running.length > 0 ? step('Stopping the local cloud', stop) : stop());
      if (wipe) {
        await step('Removing its data', () => Promise.all([wipeState(home), wipeDocuments(home)]));
      }
      const emulatorRan = running.some(({ pidFile }) => pidFile === emulatorServer(home).pidFile);
      const lost = !wipe && emulatorRan && !isStateSaved(home);
      return { stopped: running.length > 0, ...(lost && { lost: STATE_NOT_SAVED }) };
    }),
  );
}

/** The current state of both servers. Changes nothing. */
export async function inspect(
  home: LocalHome,
): Promise<{ readonly emulator: ServerState; readonly elasticsearch: ServerState }> {
  const [emulator, elasticsearch] = await Promise.all([
    inspectServer(emulatorServer(home)),
    inspectServer(elasticsearchServer(home)),
  ]);
  return { emulator, elasticsearch };
}

/** The programs that this `up` will call. Python is needed only for an installation. */
async function requirementsOf(home: LocalHome, withElasticsearch: boolean): Promise<RequirementName[]> {
  const startsElasticsearch = withElasticsearch && !isRunning(elasticsearchServer(home));
  const installations = [
    ...(isRunning(emulatorServer(home)) ? [] : [emulatorInstallation(home)]),
    ...(startsElasticsearch ? [javaInstallation(home), elasticsearchInstallation(home)] : []),
  ];
  const complete = (await Promise.all(installations.map(isInstalled))).every(Boolean);
  return [
    'Node.js',
    ...(complete ? [] : ['Python' as const]),
    ...(startsElasticsearch && !hasJavaPackage() ? ['Java' as const] : []),
  ];
}

async function upEmulator(
  home: LocalHome,
  python: string | undefined,
  step: Step,
  signal: AbortSignal | undefined,
): Promise<'started' | 'running'> {
  if (isRunning(emulatorServer(home))) return startEmulator(home, signal);
  const installation = emulatorInstallation(home, python, signal);
  if (!(await isInstalled(installation))) await step('Installing the emulator', () => install(installation));
  await setAsideUnsavedState(home);
  return step('Starting the emulator', () => startEmulator(home, signal));
}

async function upElasticsearch(
  home: LocalHome,
  python: string | undefined,
  step: Step,
  signal: AbortSignal | undefined,
): Promise<'started' | 'running'> {
  if (isRunning(elasticsearchServer(home))) return startElasticsearch(home, signal);
  const java = javaInstallation(home, python, signal);
  if (!(await isInstalled(java))) await step('Installing Java', () => install(java));
  const installation = elasticsearchInstallation(home, signal);
  if (!(await isInstalled(installation))) await step('Installing Elasticsearch', () => install(installation));
  return step('Starting Elasticsearch', () => startElasticsearch(home, signal));
}

function checkOwn(url: string, step: Step): Promise<void> {
  return step(`Checking Elasticsearch at ${withoutCredentials(url)}`, () => requireElasticsearch8(url));
}
