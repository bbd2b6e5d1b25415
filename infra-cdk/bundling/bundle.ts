import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stack, Stage } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { FunctionName } from './bundle-functions.ts';

/** The file in a bundle that Lambda loads, without its extension. */
export const ENTRY = 'index';

/** The bundles of all functions, by job file. */
const bundlesByJobFile = new Map<string, Record<string, string>>();

/**
 * Writes the code of a function to a new folder: one bundled file. The CDK asks for bundles only of the stacks that it is
 * to deploy or show; for others, such as those of `cdk list` and `cdk destroy`, the file is empty.
 * @param scope the function's construct, to which the folder belongs
 * @param jobFile path of the file with the job, relative to the project folder
 * @returns path of the folder
 */
export function bundle(scope: Construct, name: FunctionName, jobFile: string): string {
  const folder = join(Stage.of(scope)?.outdir ?? '', 'bundles', scope.node.path);
  mkdirSync(folder, { recursive: true });
  const code = Stack.of(scope).bundlingRequired ? bundlesOf(jobFile)[name] : '';
  writeFileSync(join(folder, `${ENTRY}.mjs`), code ?? '');
  return folder;
}

/**
 * Bundles all functions at once, which takes a second. (The CDK's own construct for this starts npx and a shell for each
 * function.) esbuild with plugins is asynchronous, but a construct cannot wait, so esbuild runs in a child process.
 */
function bundlesOf(jobFile: string): Record<string, string> {
  const known = bundlesByJobFile.get(jobFile);
  if (known) return known;
  const script = resolve(import.meta.dirname, 'bundle-functions.ts');
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const json = execFileSync(process.execPath, ['--import', tsx, script, jobFile], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 100_000_000,
  });
  const bundles = JSON.parse(json) as Record<string, string>;
  bundlesByJobFile.set(jobFile, bundles);
  return bundles;
}
