import { failureOf } from '../../cli/terminal/failure.ts';
import type { Problem } from '../protocol.ts';

/** An error as the page shows it, in the words of the command line. */
export function problemOf(error: unknown): Problem {
  const failure = failureOf(error, '');
  const { code, message, nextStep } = failure ?? { code: 'failed', message: String(error), nextStep: '' };
  return { code, message, nextStep: nextStep.startsWith('npx ') ? `Run: ${nextStep}` : nextStep };
}
