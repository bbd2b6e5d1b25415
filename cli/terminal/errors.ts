import { UserError } from '../../local/user-error.ts';

/** A `UserError` with a name for programs, as `--json` reports it, and the exit code that goes with it. */
export class CommandError extends UserError {
  readonly exitCode: number = 1;

  constructor(
    /** snake_case, stable. */
    readonly code: string,
    message: string,
    nextStep: string,
    options?: ErrorOptions,
  ) {
    super(message, nextStep, options);
  }
}

/** The command was called in a way that can't be meant: nothing was done. */
export class UsageError extends CommandError {
  override readonly exitCode = 2;

  constructor(message: string, nextStep: string) {
    super('wrong_use', message, nextStep);
  }
}

/** A person asked the command to end: Ctrl-C, or a signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  /** @param exitCode 128 and the signal's number, as shells have it */
  constructor(readonly exitCode = 130) {
    super('interrupted');
  }
}
