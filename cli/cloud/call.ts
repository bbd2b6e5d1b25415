import type { Command } from 'commander';
import type { Step } from '../../local/base/steps.ts';
import { failureOf, helpHint, reportFailure } from '../terminal/failure.ts';
import { listenForInterrupt } from '../terminal/interrupt.ts';
import { Output } from '../terminal/output.ts';
import { stepsOn } from '../terminal/steps.ts';
import { explainError } from './client-errors.ts';
import { type Deployment, readDeployment } from './deployment.ts';
import { resolveTarget, type Target, type TargetName } from './target.ts';

/** How long open connections may delay the exit, in milliseconds. */
const EXIT_DELAY_MS = 1_000;

/** The options of every command. */
export interface GlobalOptions {
  json?: boolean;
  target: TargetName;
  stage: string;
  debug?: boolean;
}

/** A call of a command: the target it works on, and where it prints. */
export interface Call {
  readonly output: Output;
  readonly step: Step;
  readonly target: Target;
  /** Aborted when the user interrupts the command. */
  readonly signal: AbortSignal;
  /** Reads the deployed stack. @throws CommandError `not_deployed` or `deployment_differs` */
  deployment(): Promise<Deployment>;
}

/**
 * Turns a command's work into a commander action, which reports errors and sets the exit code.
 * @param work gets the call, the options and the arguments; it may return an exit code
 */
export function action<Options, Arguments extends unknown[] = []>(
  work: (call: Call, options: Options & GlobalOptions, ...args: Arguments) => Promise<number> | Promise<void>,
): (...parameters: unknown[]) => Promise<void> {
  return async (...parameters) => {
    const command = parameters.at(-1) as Command;
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    const output = new Output(options.json ?? false);
    const signal = listenForInterrupt();
    let target: Target | undefined;
    try {
      const resolved = resolveTarget(options.target, options.stage);
      target = resolved;
      const deployment = () => readDeployment(resolved, signal);
      const call = { output, step: stepsOn(output), target, signal, deployment };
      process.exitCode = (await work(call, options, ...(command.processedArgs as Arguments))) ?? 0;
    } catch (error) {
      const explained = target ? explainError(error, target, signal) : error;
      reportFailure(failureOf(explained, helpHint(command)), output, options.debug);
    }
    // The result is printed, so an open connection must not keep the process alive.
    setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
  };
}
