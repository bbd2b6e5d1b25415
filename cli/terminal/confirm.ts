import confirm from '@inquirer/confirm';
import { Interrupted, UsageError } from './errors.ts';

/**
 * Asks a yes-or-no question. `yes` (the option --yes) answers it in advance.
 * @throws UsageError when there is no terminal to ask on
 */
export async function isConfirmed(
  { signal }: { signal: AbortSignal },
  message: string,
  yes: boolean,
): Promise<boolean> {
  if (yes) return true;
  if (!canAsk()) throw new UsageError(`${message} There is no terminal to ask on.`, 'Confirm with --yes.');
  try {
    return await confirm({ message, default: false }, { output: process.stderr, signal });
  } catch (error) {
    // The terminal sends Ctrl-C as a key while a question is open.
    if (error instanceof Error && error.name === 'ExitPromptError') throw new Interrupted();
    throw error;
  }
}

/** Whether a person can answer questions. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}
