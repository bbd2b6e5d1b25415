import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The file in a bundle that Lambda loads, without its ending. */
export const ENTRY = 'index';

/** The bundles that were made with a job file. */
const made = new Map<string, Record<string, string>>();

/**
 * Puts a function, bundled into one file, into a folder that is made for it. All functions are bundled at once, which
 * takes a second; the CDK's own construct for this starts npx and a shell for every function.
 * @param name the function's file under functions/
 * @param jobFile the file with the job, from the project's folder
 */
export function bundle(name: string, jobFile: string, folder: string): void {
  const bundles = made.get(jobFile) ?? build(jobFile);
  made.set(jobFile, bundles);
  const code = bundles[name];
  if (code === undefined)
    throw new Error(`there is no function ${name} in bundle-functions.ts; add it there`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${ENTRY}.mjs`), code);
}

/** Constructs can't wait, and esbuild with plugins can't but be waited for: it runs in a process of its own. */
function build(jobFile: string): Record<string, string> {
  const script = resolve(import.meta.dirname, 'bundle-functions.ts');
  const tsx = fileURLToPath(import.meta.resolve('tsx'));
  const answer = execFileSync(process.execPath, ['--import', tsx, script, jobFile], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 100_000_000,
  });
  return JSON.parse(answer);
}
