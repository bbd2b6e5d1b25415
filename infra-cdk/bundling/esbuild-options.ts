import { resolve } from 'node:path';
import type { BuildOptions } from 'esbuild';
import { PROJECT } from '../settings/settings.ts';
import { lazyFiles } from './lazy-files.ts';
import { substitutes } from './substitutes.ts';

/** How code becomes a bundle that Lambda runs. @param jobFile path of the job file, relative to the project folder */
export function esbuildOptions(jobFile: string) {
  return {
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
    plugins: [lazyFiles, substitutes],
    banner: {
      // Packages with CommonJS modules still call `require`.
      js: "import{createRequire as drumlineRequire}from'node:module';const require=drumlineRequire(import.meta.url);",
    },
    logLevel: 'error',
  } as const satisfies BuildOptions;
}
