import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;
const LINES_KEPT = 15;

/** A program we ran failed; the message is its name and the end of what it printed. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/**
 * Runs a program to its end and keeps quiet about what it prints.
 * @throws ToolError with the end of its output if it fails; the signal's reason if it is aborted
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
    throw new ToolError(`${command} failed:\n${output.split('\n').slice(-LINES_KEPT).join('\n')}`);
  }
}
