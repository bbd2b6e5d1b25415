import confirm from '@inquirer/confirm';
import type { Call } from '../cloud/call.ts';
import { Interrupted, UsageError } from './errors.ts';

/**
 * Asks before something that can't be undone. `yes` answers for a person who has said so already.
 * @throws WrongUse where there is nobody to ask
 */
export async function isConfirmed(
  { signal }: Pick<Call, 'signal'>,
  message: string,
  yes: boolean,
): Promise<boolean> {
  if (yes) return true;
  if (!canAsk()) throw new UsageError(`${message} There is no terminal to ask on.`, 'Say so with --yes.');
  try {
    return await confirm({ message, default: false }, { output: process.stderr, signal });
  } catch (error) {
    // Ctrl-C comes as a key while a question is open.
    if (error instanceof Error && error.name === 'ExitPromptError') throw new Interrupted();
    throw error;
  }
}

/** Whether there is a person to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}
