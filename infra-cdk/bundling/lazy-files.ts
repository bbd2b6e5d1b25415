import type { Plugin } from 'esbuild';

/**
 * The modules in functions/runtime that become files beside the bundles. In a bundle, a module that is imported when it is
 * needed slows down each start: esbuild wraps it, and all modules that it shares with others, in functions. S3's client, in
 * the bundle, cost each start of a consumer 20 ms of CPU time (measured).
 */
export const LAZY_FILES = ['s3-client'] as const;

/** The esbuild plugin that leaves lazy modules out of the bundles. */
export const lazyFiles: Plugin = {
  name: 'lazy-files',
  setup({ onResolve }) {
    const filter = new RegExp(`^\\./(${LAZY_FILES.join('|')})\\.ts$`);
    onResolve({ filter }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: path.replace(/\.ts$/, '.mjs'), external: true } : undefined,
    );
  },
};
