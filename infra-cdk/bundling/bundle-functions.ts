import { basename, resolve } from 'node:path';
import { type BuildOptions, type BuildResult, build } from 'esbuild';
import { PROJECT } from '../settings/settings.ts';
import { esbuildOptions } from './esbuild-options.ts';
import { LAZY_FILES } from './lazy-files.ts';

/** The names of the functions, which are also the names of their files in functions/. */
export const FUNCTIONS = [
  'scheduler',
  'autoscaler',
  'reader',
  'consumer',
  'status',
  'control',
  'verify',
] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** The file in a bundle that Lambda loads, without its extension. */
export const ENTRY = 'index';

/** The files of a function's code, by name: its bundle, and the lazy files that the bundle imports. */
export type Bundle = Record<string, string>;

/**
 * Bundles each function.
 * @param jobFile path of the file with the job, relative to the project folder
 */
export async function bundleFunctions(jobFile: string): Promise<Record<FunctionName, Bundle>> {
  return bundlesOf(await build(bundleOptions(jobFile)));
}

/** The options of a build of all functions, whose result `bundlesOf` reads. */
export function bundleOptions(jobFile: string) {
  return {
    ...esbuildOptions(jobFile),
    entryPoints: [
      ...FUNCTIONS.map((name) => resolve(PROJECT, 'functions', `${name}.ts`)),
      ...LAZY_FILES.map((name) => resolve(PROJECT, 'functions/runtime', `${name}.ts`)),
    ],
    outdir: '/',
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    metafile: true,
  } as const satisfies BuildOptions;
}

/** Sorts the files of a build by function. */
export function bundlesOf({
  outputFiles,
  metafile,
}: BuildResult<{ metafile: true; write: false }>): Record<FunctionName, Bundle> {
  const outputs = Object.entries(metafile.outputs).map(([path, { imports }], index) => ({
    name: basename(path, '.mjs'),
    code: outputFiles[index]?.text ?? '',
    lazy: imports.filter(({ kind }) => kind === 'dynamic-import').map(({ path }) => basename(path)),
  }));
  const codeOf = new Map(outputs.map(({ name, code }) => [`${name}.mjs`, code]));
  const bundles = FUNCTIONS.map((name) => {
    const { code = '', lazy = [] } = outputs.find((output) => output.name === name) ?? {};
    const beside = lazy.flatMap((file) => (codeOf.has(file) ? [[file, codeOf.get(file)]] : []));
    return [name, { [`${ENTRY}.mjs`]: code, ...Object.fromEntries(beside) }];
  });
  return Object.fromEntries(bundles) as Record<FunctionName, Bundle>;
}
