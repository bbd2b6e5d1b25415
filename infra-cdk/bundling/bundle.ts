import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stack, Stage } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SettingError } from '../settings/parse-settings.ts';
import type { Built } from './build-script.ts';
import { type Bundle, ENTRY, type FunctionName } from './bundle-functions.ts';
import type { JobDescription } from './job-description.ts';

const NO_CODE: Bundle = { [`${ENTRY}.mjs`]: '' };

/** A stack whose template nobody uses has no code. */
const NOT_BUILT = {
  bundles: undefined,
  job: { list: false, needs: { permissions: [], environment: {}, secrets: {} } },
} satisfies { bundles: undefined; job: JobDescription };

const builtByJobFile = new Map<string, Built>();

/**
 * Writes the code of a function to a new folder: one bundled file, and the files that it imports. The file is empty if `build` has not built it.
 * @param scope the function's construct, to which the folder belongs
 * @param jobFile path of the file with the job, relative to the project folder
 * @returns path of the folder
 */
export function bundle(scope: Construct, name: FunctionName, jobFile: string): string {
  const folder = join(Stage.of(scope)?.outdir ?? '', 'bundles', scope.node.path);
  mkdirSync(folder, { recursive: true });
  for (const [file, code] of Object.entries(build(scope, jobFile).bundles?.[name] ?? NO_CODE))
    writeFileSync(join(folder, file), code);
  return folder;
}

/**
 * The job in a file. A stack that the CDK neither deploys nor shows has one without needs: its job file is not imported,
 * so that `cdk destroy` works with a broken one.
 * @param jobFile its path, relative to the project folder
 * @throws SettingError that says what is wrong with the job file
 */
export function describedJob(scope: Construct, jobFile: string): JobDescription {
  return build(scope, jobFile).job;
}

/**
 * Bundles all functions at once, which takes a second, and describes the job. (The CDK's own construct for this starts npx
 * and a shell for each function.) esbuild with plugins and the import of the job are asynchronous, but a construct cannot
 * wait, so they run in a child process. The CDK asks for bundles only of the stacks that it is to deploy or show.
 */
function build(scope: Construct, jobFile: string): Exclude<Built, { problems: unknown }> | typeof NOT_BUILT {
  const built = Stack.of(scope).bundlingRequired ? buildOnce(jobFile) : NOT_BUILT;
  if (!('problems' in built)) return built;
  throw new SettingError(
    built.problems.map((problem) => `setting jobFile=${jobFile}: ${problem}`).join('\n'),
  );
}

function buildOnce(jobFile: string): Built {
  const known = builtByJobFile.get(jobFile);
  if (known) return known;
  const script = resolve(import.meta.dirname, 'build-script.ts');
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const json = execFileSync(process.execPath, ['--import', tsx, script, jobFile], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 100_000_000,
  });
  const built = JSON.parse(json) as Built;
  builtByJobFile.set(jobFile, built);
  return built;
}
