import type { Command } from 'commander';
import type { Step } from '../../local/steps.ts';
import { failureOf, helpFor, report } from '../terminal/failure.ts';
import { listenForInterrupt } from '../terminal/interrupt.ts';
import { Output } from '../terminal/output.ts';
import { stepsOn } from '../terminal/steps.ts';
import { type Deployment, readDeployment } from './deployment.ts';
import { explain } from './explain.ts';
import { resolveTarget, type Target, type TargetName } from './target.ts';

/** How long what is still open may hold up the exit, in milliseconds. */
const GRACE_MS = 1_000;

/** The options that every command takes. */
export interface GlobalOptions {
  json?: boolean;
  target: TargetName;
  stage: string;
  debug?: boolean;
}

/** One call of a command: what it works with. */
export interface Call {
  readonly output: Output;
  readonly step: Step;
  readonly target: Target;
  /** Aborted when a person wants the command to end. */
  readonly signal: AbortSignal;
  /** What is deployed. @throws Trouble where nothing is */
  deployment(): Promise<Deployment>;
}

/**
 * Makes a commander action of a command's work. The work may return an exit code.
 * @param work gets the call, the options, and the arguments
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
      target = resolveTarget(options.target, options.stage);
      const call = callOn(output, target, signal);
      process.exitCode = (await work(call, options, ...(command.processedArgs as Arguments))) ?? 0;
    } catch (error) {
      const explained = target ? explain(error, target, signal) : error;
      report(failureOf(explained, helpFor(command)), output, options.debug);
    }
    leaveSoon();
  };
}

function callOn(output: Output, target: Target, signal: AbortSignal): Call {
  return { output, step: stepsOn(output), target, signal, deployment: () => readDeployment(target, signal) };
}

/** Nothing should be left open; if something is, the answer has been given all the same. */
function leaveSoon(): void {
  setTimeout(() => process.exit(), GRACE_MS).unref();
}
