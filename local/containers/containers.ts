import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LocalHome } from '../base/home.ts';
import type { Step } from '../base/steps.ts';
import { UserError } from '../base/user-error.ts';
import { runTool } from '../process/run-tool.ts';

const run = promisify(execFile);

/** LocalStack, Elasticsearch and, if wanted, Kibana. */
const FILE = join(resolve(import.meta.dirname, '..', '..'), 'docker-compose.localstack.yml');

/** Where functions in containers reach the file's Elasticsearch; from this machine it is on a port of 127.0.0.1. */
export const ELASTICSEARCH_FOR_CONTAINERS = 'http://elasticsearch:9200';

/** How long the containers may take to be healthy, in seconds; fetching their images comes before. */
const HEALTHY_WITHIN_SECONDS = 180;

const ASK_TIMEOUT_MS = 10_000;

export interface UpContainersOptions {
  /** Without Elasticsearch, if the user has one of their own. */
  readonly ownElasticsearch: boolean;
  readonly step: Step;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has LocalStack and Elasticsearch running, each in a container; what runs already is left as it is.
 * @throws UserError where there is no Docker engine or no Compose, or a container does not become healthy
 */
export async function upContainers(
  home: LocalHome,
  { ownElasticsearch, step, signal }: UpContainersOptions,
): Promise<{ readonly emulator: Start; readonly elasticsearch: Start | 'external' }> {
  requireDocker(await inspectDocker());
  const before = await runningServices(home);
  const services = ownElasticsearch ? ['localstack'] : ['localstack', 'elasticsearch'];
  const wait = ['--detach', '--wait', '--wait-timeout', String(HEALTHY_WITHIN_SECONDS)];
  await step('Starting LocalStack’s containers', () =>
    compose(home, ['up', ...wait, '--quiet-pull', ...services], signal),
  );
  const started = (service: string) => (before.includes(service) ? 'running' : 'started');
  return {
    emulator: started('localstack'),
    elasticsearch: ownElasticsearch ? 'external' : started('elasticsearch'),
  };
}

type Start = 'started' | 'running';

/** Stops and removes the containers, and with `wipe` the volumes that hold what they keep. */
export async function downContainers(
  home: LocalHome,
  { wipe, step }: { readonly wipe: boolean; readonly step: Step },
): Promise<{ readonly stopped: boolean }> {
  requireDocker(await inspectDocker());
  const running = await runningServices(home);
  // Compose leaves alone what belongs to a profile that is not named.
  const words = ['--profile', 'kibana', 'down', ...(wipe ? ['--volumes'] : [])];
  await step('Stopping LocalStack’s containers', () => compose(home, words));
  return { stopped: running.length > 0 };
}

/** What of Docker there is: its version, or what is wrong. */
export type DockerPart =
  | { readonly ok: true; readonly found: string }
  | { readonly ok: false; readonly problem: string };

/** What the containers need of this machine; asks, and changes nothing. */
export async function inspectDocker(): Promise<Record<'engine' | 'compose', DockerPart>> {
  const [engine, compose] = await Promise.all([
    ask(['version', '--format', '{{.Server.Version}}'], 'no Docker engine answers'),
    ask(['compose', 'version', '--short'], 'docker has no Compose plugin'),
  ]);
  return { engine, compose };
}

async function ask(words: string[], otherwise: string): Promise<DockerPart> {
  try {
    const { stdout } = await run('docker', words, { timeout: ASK_TIMEOUT_MS });
    return { ok: true, found: stdout.trim() };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { ok: false, problem: isMissing ? 'no docker on the PATH' : otherwise };
  }
}

/** @throws UserError naming what is missing */
export function requireDocker(found: Record<'engine' | 'compose', DockerPart>): void {
  const problems = Object.values(found).flatMap((part) => (part.ok ? [] : [part.problem]));
  if (problems.length === 0) return;
  throw new UserError(
    `LocalStack runs in containers, and ${[...new Set(problems)].join(', and ')}.`,
    'Install Docker with its Compose plugin and start it; or set AWS_ENDPOINT_URL to a LocalStack that runs already.',
  );
}

async function runningServices(home: LocalHome): Promise<string[]> {
  const { stdout } = await run('docker', composeWords(['ps', '--services', '--status', 'running']), {
    env: environmentOf(home),
    timeout: ASK_TIMEOUT_MS,
  });
  return stdout.split('\n').filter((line) => line !== '');
}

function compose(home: LocalHome, words: string[], signal?: AbortSignal): Promise<void> {
  return runTool('docker', composeWords(words), { environment: environmentOf(home), signal });
}

function composeWords(words: string[]): string[] {
  return ['compose', '--file', FILE, ...words];
}

/** The ports are this home's, also where they are not the usual ones. */
function environmentOf(home: LocalHome): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DRUMLINE_EMULATOR_PORT: String(home.emulatorPort),
    DRUMLINE_ELASTICSEARCH_PORT: String(home.elasticsearchPort),
  };
}
