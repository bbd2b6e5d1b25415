import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { localHome } from '../../local/home.ts';
import { freePort } from '../../local/ports.ts';
import { drumline } from './command.ts';
import { deployWith } from './deployed.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** What the `drumline` command and the clients are run with: this suite's own folder and ports. */
    environment: Record<string, string>;
  }
}

/**
 * A local cloud of the tests' own, in a folder and on ports of its own, so that a running one is not disturbed. What
 * is installed there stays, so that only the first run takes the time.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const environment = {
    DRUMLINE_HOME: process.env.DRUMLINE_TEST_HOME ?? join(localHome().root, 'test'),
    DRUMLINE_EMULATOR_PORT: String(await freePort()),
    DRUMLINE_ELASTICSEARCH_PORT: String(await freePort()),
  };
  // An earlier run may have been killed: what it left is stopped, and its data is no concern of ours.
  await must(environment, 'down', '--wipe', '--yes');
  await must(environment, 'up');
  await must(environment, ...deployWith());
  project.provide('environment', environment);
  return () => must(environment, 'down', '--wipe', '--yes');
}

async function must(environment: Record<string, string>, ...parameters: string[]): Promise<void> {
  process.stderr.write(`drumline ${parameters.join(' ')}\n`);
  const { code, stderr } = await drumline(environment, parameters);
  if (code !== 0) throw new Error(`drumline ${parameters.join(' ')} ended with ${code}:\n${stderr}`);
}
