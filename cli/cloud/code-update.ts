import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { type BuildContext, context } from 'esbuild';
import { zipSync } from 'fflate';
import {
  type Bundle,
  bundleOptions,
  bundlesOf,
  type FunctionName,
} from '../../infra-cdk/bundling/bundle-functions.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import type { Deployment } from './deployment.ts';
import type { Target } from './target.ts';

/** The functions that run the user's code. */
const WITH_USER_CODE = ['consumer', 'reader'] as const;

type Options = { metafile: true; write: false };

/** Bundles the functions again and again: esbuild keeps what has not changed. */
export class Bundler {
  readonly #context: BuildContext<Options>;

  private constructor(context: BuildContext<Options>) {
    this.#context = context;
  }

  static async open(jobFile: string): Promise<Bundler> {
    return new Bundler(await context({ ...bundleOptions(jobFile), logLevel: 'silent' }));
  }

  /**
   * @returns the code of each function, and the files of the project that are in it, as absolute paths
   * @throws esbuild's BuildFailure
   */
  async build(): Promise<{ bundles: Record<FunctionName, Bundle>; files: string[] }> {
    const built = await this.#context.rebuild();
    const files = Object.keys(built.metafile.inputs).filter(
      (file) => !/node_modules\/|^substitute:/.test(file),
    );
    return { bundles: bundlesOf(built), files: files.map((file) => resolve(PROJECT, file)) };
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
  bundles: Record<FunctionName, Bundle>,
  abortSignal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(markOf(target)), { recursive: true });
  await writeFile(markOf(target), '');
  await Promise.all(
    WITH_USER_CODE.map((name) => {
      const files = Object.entries(bundles[name]).map(([file, code]) => [file, Buffer.from(code)]);
      const ZipFile = zipSync(Object.fromEntries(files), { level: 1 });
      const command = new UpdateFunctionCodeCommand({ FunctionName: functions[name], ZipFile });
      return target.clients.lambda.send(command, { abortSignal });
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
  const bundler = await Bundler.open(jobFile);
  try {
    await updateCode(deployment, (await bundler.build()).bundles, signal);
    await forgetCodeUpdate(deployment.target);
  } finally {
    await bundler.close();
  }
}

/** Forgets the update of a stack that is deleted. */
export async function forgetCodeUpdate(target: Target): Promise<void> {
  await rm(markOf(target), { force: true });
}

/** The file that records an update. The emulator's state has the updated code, so a wipe must remove both. */
function markOf({ home, stackName }: Pick<Target, 'home' | 'stackName'>): string {
  return join(home.state, `${stackName}.updated`);
}
