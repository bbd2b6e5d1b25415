import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '../base/user-error.ts';

const run = promisify(execFile);

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const MAX_LINES = 15;
const NO_SPACE = /No space left on device|Disk quota exceeded/i;

/**
 * Runs a program to its end without showing its output.
 * @throws UserError with the last lines of its output; an error with the code ENOSPC if the disk is full; the signal's
 *   reason if it is aborted
 */
export async function runTool(
  command: string,
  args: readonly string[],
  options: { readonly environment?: NodeJS.ProcessEnv; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { environment = process.env, signal } = options;
  try {
    await run(command, args, { env: environment, signal, maxBuffer: MAX_OUTPUT_BYTES });
  } catch (error) {
    signal?.throwIfAborted();
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const output = `${stdout}\n${stderr}`.trim() || message;
    if (NO_SPACE.test(output)) throw Object.assign(new Error(output), { code: 'ENOSPC' });
    throw new UserError(
      `${command} failed; the last lines of its output:\n${output.split('\n').slice(-MAX_LINES).join('\n')}`,
      'Correct the cause and run the command again. If a download failed, check the network and its proxy settings.',
    );
  }
}
