import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { PROJECT } from './settings.ts';

/** The file in a bundle that Lambda loads, without its ending. */
export const ENTRY = 'index';

const made = new Map<string, Uint8Array>();

/**
 * Bundles a function into one file, in a folder that is made for it. A fraction of a second each; the CDK's own
 * construct for this starts npx and a shell for every function.
 * @param name the function's file under functions/
 * @param jobFile the file with the job, from the project's folder
 */
export function bundle(name: string, jobFile: string, folder: string): void {
  const key = `${name} ${jobFile}`;
  const code = made.get(key) ?? build(name, jobFile);
  made.set(key, code);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${ENTRY}.mjs`), code);
}

function build(name: string, jobFile: string): Uint8Array {
  const { outputFiles } = buildSync({
    entryPoints: [resolve(PROJECT, 'functions', `${name}.ts`)],
    // Else the paths in the bundle, and with them its hash, depend on where it is built from.
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
      '#job': resolve(PROJECT, jobFile),
      // A third of a megabyte that the Elasticsearch client loads for ES|QL helpers, which nobody here calls.
      'apache-arrow/Arrow.node': resolve(PROJECT, 'infra-cdk', 'nothing.ts'),
    },
    banner: {
      // Packages that are CommonJS inside still ask for `require`.
      js: "import{createRequire as drumlineRequire}from'node:module';const require=drumlineRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}
