import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

/** A script that was bundled into one file, as the deployed functions are, so that its process contains nothing else. */
export interface BundledScript {
  /** Runs it. @param input its only argument, as JSON @returns the JSON that it writes to stdout @throws Error if it fails */
  run<Answer>(input: object, environment: Record<string, string>, signal: AbortSignal): Promise<Answer>;
  remove(): Promise<void>;
}

/** @param script path of the file */
export async function bundleScript(script: string): Promise<BundledScript> {
  const folder = await mkdtemp(join(tmpdir(), 'drumline-bench-'));
  const file = join(folder, 'index.mjs');
  await build({
    entryPoints: [script],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return {
    async run(input, environment, signal) {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--no-warnings', file, JSON.stringify(input)],
        { env: { PATH: process.env.PATH, ...environment }, signal },
      );
      return JSON.parse(stdout);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
