import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { type BuildContext, context } from 'esbuild';
import { zipSync } from 'fflate';
import { esbuildOptions } from '../../infra-cdk/bundling/esbuild-options.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import type { Deployment } from './deployment.ts';
import type { Target } from './target.ts';

/** The file that Lambda loads: `ENTRY` in infra-cdk/bundling/bundle.ts, which would load the CDK. */
const ENTRY_FILE = 'index.mjs';

/** The functions that run the user's code. */
const WITH_USER_CODE = ['consumer', 'reader'] as const;

/** Bundles the functions that run the user's code, again and again: esbuild keeps what has not changed. */
export async function openBundler(jobFile: string): Promise<Bundler> {
  const options = {
    ...esbuildOptions(jobFile),
    entryPoints: WITH_USER_CODE.map((name) => resolve(PROJECT, 'functions', `${name}.ts`)),
    outdir: '/',
    metafile: true,
    write: false,
    logLevel: 'silent',
  } as const;
  return new Bundler(await context(options));
}

export class Bundler {
  readonly #context: BuildContext<{ metafile: true; write: false }>;

  constructor(context: BuildContext<{ metafile: true; write: false }>) {
    this.#context = context;
  }

  /**
   * @returns the code of each function, and the files of the project that are in it, as absolute paths
   * @throws esbuild's BuildFailure
   */
  async build(): Promise<{ bundles: Map<string, string>; files: string[] }> {
    const { outputFiles, metafile } = await this.#context.rebuild();
    const files = Object.keys(metafile.inputs).filter((file) => !/node_modules\/|^substitute:/.test(file));
    return {
      bundles: new Map(WITH_USER_CODE.map((name, index) => [name, outputFiles[index]?.text ?? ''])),
      files: files.map((file) => resolve(PROJECT, file)),
    };
  }

  close(): Promise<void> {
    return this.#context.dispose();
  }
}

/**
 * Replaces the code of the functions that run the user's code, without CloudFormation. Only for the local cloud: the
 * deployment's other functions, its settings and permissions stay as they are.
 */
export async function updateCode(
  { target, functions }: Deployment,
  bundles: ReadonlyMap<string, string>,
  abortSignal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(markOf(target)), { recursive: true });
  await writeFile(markOf(target), '');
  const deployed = functions as Readonly<Record<string, string | undefined>>;
  await Promise.all(
    [...bundles].map(async ([name, code]) => {
      if (deployed[name] === undefined) return;
      const ZipFile = zipSync({ [ENTRY_FILE]: Buffer.from(code) }, { level: 1 });
      await target.clients.lambda.send(
        new UpdateFunctionCodeCommand({ FunctionName: deployed[name], ZipFile }),
        { abortSignal },
      );
    }),
  );
}

/**
 * Whether `updateCode` has replaced code since the last deployment. CloudFormation does not know of it: it compares
 * templates, and leaves the functions as they are if the user goes back to the code of the last deployment.
 */
export function isCodeUpdated(target: Target): boolean {
  return existsSync(markOf(target));
}

/** Gives the functions the code of the job file again, after CloudFormation may have left them as they were. */
export async function restoreCode(
  deployment: Deployment,
  jobFile: string,
  signal: AbortSignal,
): Promise<void> {
  const bundler = await openBundler(jobFile);
  try {
    await updateCode(deployment, (await bundler.build()).bundles, signal);
    await rm(markOf(deployment.target), { force: true });
  } finally {
    await bundler.close();
  }
}

/** The file that records an update. The emulator's state has the updated code, so a wipe must remove both. */
function markOf({ home, stackName }: Pick<Target, 'home' | 'stackName'>): string {
  return join(home.state, `${stackName}.updated`);
}
