import { join } from 'node:path';
import { build } from 'esbuild';
import { zipSync } from 'fflate';

/** The handler in one file, zipped as Lambda takes it; its handler is `index.handler`. */
export async function bundleHandler(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'handler.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
    mainFields: ['module', 'main'],
    banner: {
      // Packages that are CommonJS inside still ask for `require`.
      js: "import{createRequire as peerRequire}from'node:module';const require=peerRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return zipSync({ 'index.mjs': outputFiles[0]?.contents ?? new Uint8Array() });
}
