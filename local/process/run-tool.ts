import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '../base/user-error.ts';

const run = promisify(execFile);

const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;
const LINES_KEPT = 15;
const NO_SPACE = /No space left on device|Disk quota exceeded/i;

/**
 * Runs a program to its end and keeps quiet about what it prints.
 * @throws UserError with the end of its output if it fails; an error with the code ENOSPC if it fails for that;
 *   the signal's reason if it is aborted
 */
export async function runTool(
  command: string,
  args: readonly string[],
  options: { readonly environment?: NodeJS.ProcessEnv; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { environment = process.env, signal } = options;
  try {
    await run(command, args, { env: environment, signal, maxBuffer: OUTPUT_LIMIT_BYTES });
  } catch (error) {
    signal?.throwIfAborted();
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const output = `${stdout}\n${stderr}`.trim() || message;
    if (NO_SPACE.test(output)) throw Object.assign(new Error(output), { code: 'ENOSPC' });
    throw new UserError(
      `${command} failed; the end of what it said:\n${output.split('\n').slice(-LINES_KEPT).join('\n')}`,
      'Mend that and run the command again; if a download failed, look at the network and its proxy settings.',
    );
  }
}
