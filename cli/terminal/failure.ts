import { type Command, CommanderError } from 'commander';
import { SettingError } from '../../infra-cdk/settings/parse-settings.ts';
import { UserError } from '../../local/base/user-error.ts';
import { CommandError, Interrupted } from './errors.ts';
import { sentence } from './format.ts';
import type { Output } from './output.ts';

/** How a failed command ends: its exit code and what it tells the user. */
export interface Failure {
  exitCode: number;
  code: string;
  message: string;
  nextStep: string;
  /** Only for internal errors. */
  stack?: string;
}

/**
 * Classifies an error.
 * @param help the next step after wrong use, from `helpHint`
 * @returns undefined where nothing has failed: the user asked for the help or the version
 */
export function failureOf(error: unknown, help: string): Failure | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    const usage = { exitCode: 2, code: 'wrong_use' };
    // Commander has printed the help already.
    if (error.code === 'commander.help') return { ...usage, message: 'A command is missing.', nextStep: '' };
    return { ...usage, message: sentence(error.message.replace(/^error: /, '')), nextStep: help };
  }
  if (error instanceof SettingError) {
    const nextStep = 'npx drumline deploy --help';
    return { exitCode: 2, code: 'wrong_setting', message: error.message, nextStep };
  }
  if (error instanceof Interrupted) {
    return { exitCode: error.exitCode, code: 'interrupted', message: 'Interrupted.', nextStep: '' };
  }
  if (error instanceof UserError) {
    const { message, nextStep } = error;
    const { code, exitCode } = error instanceof CommandError ? error : { code: 'failed', exitCode: 1 };
    return { exitCode, code, message, nextStep };
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return {
    exitCode: 1,
    code: 'bug',
    message: `${name}: ${message}. This is a bug in Drumline.`,
    nextStep: 'Run the command again with --debug for the stack trace, and report it.',
    ...(stack !== undefined && { stack }),
  };
}

/** Prints a failure and sets the exit code. With `--json` the failure is the one JSON document. */
export function reportFailure(
  failure: Failure | undefined,
  output: Output,
  debug = Boolean(process.env.DEBUG),
): void {
  if (!failure) return;
  const { exitCode, code, message, nextStep, stack } = failure;
  process.exitCode = exitCode;
  const { red, dim } = output.messageColors;
  if (message !== '') output.say(`${red('drumline:')} ${message}`);
  if (nextStep !== '') output.say(nextStep.startsWith('npx ') ? `Run: ${nextStep}` : nextStep);
  if (stack !== undefined && debug) output.say(dim(stack));
  if (output.json && !output.answered) output.result({ error: { code, message, nextStep } }, () => '');
}

/** Tells the user which command line prints the help for a command. */
export function helpHint(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
  return `See npx ${names.join(' ')} --help`;
}
