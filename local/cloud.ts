import { existsSync } from 'node:fs';
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
  discardStaleState,
  emulatorInstallation,
  emulatorServer,
  isLossNews,
  isStateWhole,
  startEmulator,
  wipeState,
} from './emulator/emulator.ts';
import { explainFolderTrouble, makeFolder } from './folder-trouble.ts';
import { hasJavaPackage, javaInstallation } from './java/java.ts';
import { install, isInstalled, removeAbandoned } from './process/install.ts';
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
  /** An Elasticsearch 8 of the user's own; ours is then neither installed nor started. */
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
  /** One sentence on what is gone, if the emulator had not been stopped cleanly. */
  readonly lost?: string;
};

const LOST =
  'The emulator was not stopped cleanly, so the ledger, the queue and the deployment are gone and must be deployed ' +
  "again; Elasticsearch's documents are kept.";

const NOT_SAVED =
  "The emulator could not save its state (see its log), so the next start begins without ledger, queue and deployment; Elasticsearch's documents are kept.";

/**
 * Has the local cloud running: installs what is missing, starts what does not run, and leaves the rest as it is. May be
 * interrupted at any point and called again; two calls at once wait for each other.
 * @throws UserError for what a person can mend: missing programs, taken ports, a folder that can't be written to
 */
export function up(
  home: LocalHome,
  { elasticsearchUrl, onEmulatorReady, step, signal }: UpOptions,
): Promise<UpResult> {
  return explainFolderTrouble(home.root, async () => {
    await makeFolder(home.root);
    return withLock(home.lock, step, signal, async () => {
      const ours = elasticsearchUrl === undefined;
      await requireStartable(emulatorServer(home));
      await (ours ? requireStartable(elasticsearchServer(home)) : checkOwn(elasticsearchUrl, step));
      await removeAbandoned(home.root);
      const programs = requireAll(await checkRequirements(await missingFor(home, ours)));

      const elasticsearch = ours
        ? upElasticsearch(home, programs.Python, step, signal)
        : Promise.resolve('external' as const);
      const emulator = upEmulator(home, programs.Python, step, signal).then(async (result) => {
        await onEmulatorReady?.(elasticsearch);
        return result;
      });
      // If one of them fails, the other must not continue in the background.
      await Promise.allSettled([emulator, elasticsearch]);
      const result = { emulator: await emulator, elasticsearch: await elasticsearch };
      return { ...result, ...((await isLossNews(home)) && { lost: LOST }) };
    });
  });
}

/** Stops what runs, and with `wipe` forgets ledger, queues, deployment and documents; installed software stays. */
export async function down(
  home: LocalHome,
  { wipe = false, step }: { readonly wipe?: boolean; readonly step: Step },
): Promise<{ readonly stopped: boolean; readonly lost?: string }> {
  if (!existsSync(home.root)) return { stopped: false };
  return explainFolderTrouble(home.root, () =>
    withLock(home.lock, step, undefined, async () => {
      const servers = [emulatorServer(home), elasticsearchServer(home)];
      const running = servers.filter(isRunning);
      const stop = () => Promise.all(servers.map(stopServer));
      await (running.length > 0 ? step('Stopping the local cloud', stop) : stop());
      if (wipe) {
        await step('Removing its data', () => Promise.all([wipeState(home), wipeDocuments(home)]));
      }
      const emulatorRan = running.some(({ pidFile }) => pidFile === emulatorServer(home).pidFile);
      const lost = !wipe && emulatorRan && !isStateWhole(home);
      return { stopped: running.length > 0, ...(lost && { lost: NOT_SAVED }) };
    }),
  );
}

/** What runs at this moment; changes nothing. */
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
async function missingFor(home: LocalHome, ours: boolean): Promise<RequirementName[]> {
  const startsElasticsearch = ours && !isRunning(elasticsearchServer(home));
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
  await discardStaleState(home);
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
