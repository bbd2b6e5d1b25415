import { resolve } from 'node:path';
import { build } from 'esbuild';
import { PROJECT } from '../settings/settings.ts';
import { esbuildOptions } from './esbuild-options.ts';

/** The names of the functions, which are also the names of their files in functions/. */
export const FUNCTIONS = ['scheduler', 'reader', 'consumer', 'status', 'control', 'verify'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/**
 * Bundles each function into one file.
 * @param jobFile path of the file with the job, relative to the project folder
 * @returns the code of each function, by name
 */
export async function bundleFunctions(jobFile: string): Promise<Record<FunctionName, string>> {
  const { outputFiles } = await build({
    ...esbuildOptions(jobFile),
    entryPoints: FUNCTIONS.map((name) => resolve(PROJECT, 'functions', `${name}.ts`)),
    outdir: '/',
  });
  const bundles = FUNCTIONS.map((name, index) => [name, outputFiles[index]?.text ?? '']);
  return Object.fromEntries(bundles) as Record<FunctionName, string>;
}
