import confirm from '@inquirer/confirm';
import input from '@inquirer/input';
import { Interrupted, UsageError } from './errors.ts';

/**
 * Asks a yes-or-no question. `yes` (the option --yes) answers it in advance.
 * @throws UsageError when there is no terminal to ask on
 */
export function isConfirmed(
  { signal }: { signal: AbortSignal },
  message: string,
  yes: boolean,
): Promise<boolean> {
  return ask(message, yes, () => confirm({ message, default: false }, { output: process.stderr, signal }));
}

/**
 * Asks for a word, for what cannot be undone. `yes` (the option --yes) answers it in advance.
 * @throws UsageError when there is no terminal to ask on
 */
export function isTyped(
  { signal }: { signal: AbortSignal },
  request: string,
  word: string,
  yes: boolean,
): Promise<boolean> {
  const message = `${request} (${word}):`;
  return ask(
    message,
    yes,
    async () => (await input({ message }, { output: process.stderr, signal })).trim() === word,
  );
}

async function ask(message: string, yes: boolean, question: () => Promise<boolean>): Promise<boolean> {
  if (yes) return true;
  if (!canAsk()) throw new UsageError(`${message} There is no terminal to ask on.`, 'Confirm with --yes.');
  try {
    return await question();
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
