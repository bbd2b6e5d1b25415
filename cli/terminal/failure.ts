import { type Command, CommanderError } from 'commander';
import { SettingError } from '../../infra-cdk/settings/parse-settings.ts';
import { UserError } from '../../local/user-error.ts';
import { CommandError, Interrupted } from './errors.ts';
import type { Output } from './output.ts';

/** How a failed command ends: what it says, and its exit code. */
export interface Failure {
  exitCode: number;
  code: string;
  message: string;
  nextStep: string;
  /** Only what is a bug of ours has one worth showing. */
  stack?: string;
}

/**
 * @param help the command line that shows the help for what was called
 * @returns nothing for what is no failure: help that was asked for
 */
export function failureOf(error: unknown, help: string): Failure | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    const message = error.message.replace(/^error: /, '');
    if (error.code === 'commander.help') {
      // The help has been shown instead.
      return { exitCode: 2, code: 'wrong_use', message: 'a command is missing', nextStep: '' };
    }
    return { exitCode: 2, code: 'wrong_use', message, nextStep: help };
  }
  if (error instanceof SettingError) {
    return {
      exitCode: 2,
      code: 'wrong_setting',
      message: error.message,
      nextStep: 'npx drumline deploy --help',
    };
  }
  if (error instanceof Interrupted) {
    return { exitCode: error.exitCode, code: 'interrupted', message: 'interrupted', nextStep: '' };
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
    message: `${name}: ${message}. This is a bug of Drumline’s.`,
    nextStep: 'Run the command again with --debug to see where, and report it.',
    ...(stack !== undefined && { stack }),
  };
}

/** Says what failed, and has the command end with its exit code. With `--json` the failure is the one document. */
export function report(
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

/** The command line that shows a command's help. */
export function helpFor(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
  return `See npx ${names.join(' ')} --help`;
}
