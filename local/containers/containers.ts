import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LocalHome } from '../base/home.ts';
import type { Step } from '../base/steps.ts';
import { UserError } from '../base/user-error.ts';
import { runTool } from '../process/run-tool.ts';

const run = promisify(execFile);

/** LocalStack, Elasticsearch and the optional Kibana. */
const FILE = join(resolve(import.meta.dirname, '..', '..'), 'docker-compose.localstack.yml');

/** Elasticsearch's URL for functions in containers. From this machine it is on a port of 127.0.0.1. */
export const ELASTICSEARCH_FOR_CONTAINERS = 'http://elasticsearch:9200';

/** How long the containers may take to become healthy, after their images are pulled. */
const HEALTH_DEADLINE_SECONDS = 180;

const DOCKER_TIMEOUT_MS = 10_000;

export interface UpContainersOptions {
  /** The user has their own Elasticsearch, so none is started. */
  readonly ownElasticsearch: boolean;
  readonly step: Step;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts LocalStack and Elasticsearch, each in a container, unless they are running.
 * @throws UserError without a Docker engine or Compose, or if a container does not become healthy
 */
export async function upContainers(
  home: LocalHome,
  { ownElasticsearch, step, signal }: UpContainersOptions,
): Promise<{ readonly emulator: Start; readonly elasticsearch: Start | 'external' }> {
  requireDocker(await inspectDocker());
  const before = await runningServices(home);
  const services = ownElasticsearch ? ['localstack'] : ['localstack', 'elasticsearch'];
  const wait = ['--detach', '--wait', '--wait-timeout', String(HEALTH_DEADLINE_SECONDS)];
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

/** Stops and removes the containers, and with `wipe` also the volumes with their data. */
export async function downContainers(
  home: LocalHome,
  { wipe, step }: { readonly wipe: boolean; readonly step: Step },
): Promise<{ readonly stopped: boolean }> {
  requireDocker(await inspectDocker());
  const running = await runningServices(home);
  // Compose skips the services of a profile that is not named.
  const args = ['--profile', 'kibana', 'down', ...(wipe ? ['--volumes'] : [])];
  await step('Stopping LocalStack’s containers', () => compose(home, args));
  return { stopped: running.length > 0 };
}

/** A part of Docker: its version, or what is wrong. */
export type DockerPart =
  | { readonly ok: true; readonly found: string }
  | { readonly ok: false; readonly problem: string };

/** Checks what the containers need on this machine. Changes nothing. */
export async function inspectDocker(): Promise<Record<'engine' | 'compose', DockerPart>> {
  const [engine, compose] = await Promise.all([
    probe(['version', '--format', '{{.Server.Version}}'], 'no Docker engine answers'),
    probe(['compose', 'version', '--short'], 'docker has no Compose plugin'),
  ]);
  return { engine, compose };
}

async function probe(args: string[], problem: string): Promise<DockerPart> {
  try {
    const { stdout } = await run('docker', args, { timeout: DOCKER_TIMEOUT_MS });
    return { ok: true, found: stdout.trim() };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { ok: false, problem: isMissing ? 'no docker on the PATH' : problem };
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
  const { stdout } = await run('docker', composeArgs(['ps', '--services', '--status', 'running']), {
    env: environmentOf(home),
    timeout: DOCKER_TIMEOUT_MS,
  });
  return stdout.split('\n').filter((line) => line !== '');
}

function compose(home: LocalHome, args: string[], signal?: AbortSignal): Promise<void> {
  return runTool('docker', composeArgs(args), { environment: environmentOf(home), signal });
}

function composeArgs(args: string[]): string[] {
  return ['compose', '--file', FILE, ...args];
}

/** The compose file takes the ports from these variables. */
function environmentOf(home: LocalHome): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DRUMLINE_EMULATOR_PORT: String(home.emulatorPort),
    DRUMLINE_ELASTICSEARCH_PORT: String(home.elasticsearchPort),
  };
}
