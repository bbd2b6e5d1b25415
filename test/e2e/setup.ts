import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { resolveTarget } from '../../cli/cloud/target.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { localHome } from '../../local/base/home.ts';
import type { UpResult } from '../../local/cloud.ts';
import { freePort } from '../../local/process/ports.ts';
import { runTool } from '../../local/process/run-tool.ts';
import { COMMAND, drumline, drumlineJson } from './command.ts';
import { deployWith, GUARDED, STAGES, type StageName, settingsOf, stageOf } from './stages.ts';
import { readSuiteTarget, type SuiteTarget, targetOptions } from './suite-target.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    suiteTarget: SuiteTarget;
    /** The file that appears when everything is deployed; its content is the reason if that failed, else empty. */
    deployedFile: string;
  }
}

interface Suite {
  suiteTarget: SuiteTarget;
  deployedFile: string;
  tearDown(): Promise<void>;
}

/** Both end-to-end projects share one suite; vitest loads this module once for each of them. */
const shared = globalThis as { drumlineSuite?: Promise<Suite> };

/**
 * Deploys the system under test and removes it after the last test. Returns at once: vitest runs the set-ups of all
 * projects before the first test, and the unit tests need not wait. The files of the suite wait in `untilDeployed`.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.drumlineSuite ??= begin();
  const suite = await shared.drumlineSuite;
  project.provide('suiteTarget', suite.suiteTarget);
  project.provide('deployedFile', suite.deployedFile);
  return suite.tearDown;
}

async function begin(): Promise<Suite> {
  const suiteTarget = await readSuiteTarget();
  const folder = await mkdtemp(join(tmpdir(), 'drumline-e2e-'));
  const deployedFile = join(folder, 'deployed');
  const deploying =
    suiteTarget.target === 'local'
      ? deployOwnCloud(suiteTarget, selectedFiles())
      : deploySharedStack(suiteTarget);
  // Renamed, so that a reader never sees a file without its content.
  const report = async (failure: string) => {
    await writeFile(`${deployedFile}.new`, failure);
    await rename(`${deployedFile}.new`, deployedFile);
  };
  const reported = deploying.then(
    () => report(''),
    (error: Error) => report(error.message || String(error)),
  );
  let tornDown: Promise<void> | undefined;
  const tearDown = async () => {
    await reported;
    await (suiteTarget.target === 'local'
      ? must(suiteTarget, 'down', '--wipe', '--yes')
      : deploying.then((leave) => leave?.()));
    await rm(folder, { recursive: true, force: true });
  };
  return { suiteTarget, deployedFile, tearDown: () => (tornDown ??= tearDown()) };
}

/** Waits until `setup` has deployed everything. @throws Error with the reason if it could not */
export async function untilDeployed(deployedFile: string): Promise<void> {
  for (;;) {
    const failure = await readFile(deployedFile, 'utf8').catch(() => undefined);
    if (failure) throw new Error(`the system under test could not be deployed: ${failure}`);
    if (failure === '') return;
    await sleep(100);
  }
}

/** The files with a stack: those that are named on vitest's command line, else all. */
function selectedFiles(): StageName[] {
  const files = Object.keys(STAGES) as StageName[];
  const selected = files.filter((file) => process.argv.some((word) => word.endsWith(`${file}.test.ts`)));
  return process.argv.some((word) => word.endsWith('.test.ts')) ? selected : files;
}

/**
 * Starts a local cloud of the suite's own and deploys a stack for each file. The installed software stays, so that only
 * the first run takes the time. The first stack is deployed as users do it; one run of the CDK deploys the others.
 */
async function deployOwnCloud(suite: SuiteTarget, files: StageName[]): Promise<undefined> {
  stopAtExit(suite);
  // An earlier run may have been killed. Its servers are stopped, and its data is not needed.
  await must(suite, 'down', '--wipe', '--yes');
  await must(suite, 'up');
  await must(suite, ...deployWith());
  const home = localHome(suite.environment);
  const stacks = await Promise.all(
    files
      .filter((file) => stageOf(file) !== '')
      .map(async (file) => ({
        ...settingsOf(file),
        stage: stageOf(file),
        elasticsearchUrl: GUARDED.includes(file)
          ? `http://127.0.0.1:${await freePort()}`
          : home.elasticsearchUrl,
      })),
  );
  if (stacks.length === 0) return;
  process.stderr.write(`deploying ${stacks.length} more stacks\n`);
  const app = [
    '--app',
    'node --import tsx test/e2e/stages-app.ts',
    '--output',
    join(home.root, 'cdk.out-all'),
  ];
  await runTool(
    join(PROJECT, 'node_modules', '.bin', 'cdk'),
    ['deploy', '--all', '--concurrency', '4', '--require-approval', 'never', '--no-notices', ...app],
    {
      environment: {
        ...resolveTarget('local', '', home).environment,
        DRUMLINE_TEST_STAGES: JSON.stringify(stacks),
        // The jobs of these tests ask servers that the tests start.
        SITE: `http://127.0.0.1:${await freePort()}`,
        SOURCE: `http://127.0.0.1:${await freePort()}`,
      },
    },
  );
}

/** Vitest tears nothing down when it is interrupted with Ctrl-C. */
function stopAtExit({ environment }: SuiteTarget): void {
  process.once('exit', () => {
    spawnSync(process.execPath, [COMMAND, 'down', '--wipe', '--yes'], {
      env: { ...process.env, ...environment },
      stdio: 'ignore',
    });
  });
}

/** Deploys one stack on a cloud that others may use. @returns what is to be done after the last test */
async function deploySharedStack(suite: SuiteTarget): Promise<() => Promise<void>> {
  const { target, stage, environment } = suite;
  const { DRUMLINE_TEST_ELASTICSEARCH: elasticsearch } = process.env;
  const isOurs = target === 'localstack' && environment.AWS_ENDPOINT_URL === undefined;
  const wasUp = isOurs && (await up(suite)).emulator === 'running';
  await must(suite, ...deployWith(), ...(elasticsearch ? ['--elasticsearch', elasticsearch] : []));
  return async () => {
    if (isOurs && !wasUp) return must(suite, 'down', '--wipe', '--yes');
    // No run may go on unnoticed. Stopping fails when none is active, which is fine.
    await drumline(environment, [...targetOptions(suite), 'stop']);
    process.stderr.write(`the stack Drumline-${stage} stays on ${target}\n`);
  };
}

async function up(suite: SuiteTarget): Promise<UpResult> {
  const words = [...targetOptions(suite), 'up'];
  const result = await drumlineJson<UpResult | { error: { message: string } }>(suite.environment, words);
  if ('error' in result) throw new Error(result.error.message);
  return result;
}

async function must(suite: SuiteTarget, ...parameters: string[]): Promise<void> {
  process.stderr.write(`drumline ${parameters.join(' ')}\n`);
  const { code, stderr } = await drumline(suite.environment, [...targetOptions(suite), ...parameters]);
  if (code !== 0) throw new Error(`drumline ${parameters.join(' ')} ended with ${code}:\n${stderr}`);
}
