import { resolve } from 'node:path';
import { build } from 'esbuild';
import { PROJECT } from '../settings/settings.ts';
import { substitutes } from './substitutes.ts';

/** The names of the functions, which are also the names of their files in functions/. */
export const FUNCTIONS = ['scheduler', 'consumer', 'status', 'control', 'verify'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/**
 * Bundles each function into one file.
 * @param jobFile path of the file with the job, relative to the project folder
 * @returns the code of each function, by name
 */
export async function bundleFunctions(jobFile: string): Promise<Record<string, string>> {
  const { outputFiles } = await build({
    entryPoints: FUNCTIONS.map((name) => resolve(PROJECT, 'functions', `${name}.ts`)),
    outdir: '/',
    // Otherwise the paths in the bundle, and so its hash, would depend on the working directory.
    absWorkingDir: PROJECT,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
    // Stack traces and Powertools' logs name functions and classes.
    keepNames: true,
    mainFields: ['module', 'main'],
    alias: {
      '#drumline': resolve(PROJECT, 'functions/drumline.ts'),
      '#job': resolve(PROJECT, jobFile),
    },
    plugins: [substitutes],
    banner: {
      // Packages with CommonJS modules still call `require`.
      js: "import{createRequire as drumlineRequire}from'node:module';const require=drumlineRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return Object.fromEntries(FUNCTIONS.map((name, index) => [name, outputFiles[index]?.text ?? '']));
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(JSON.stringify(await bundleFunctions(process.argv[2] ?? '')));
}
