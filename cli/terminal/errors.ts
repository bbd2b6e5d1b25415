import { UserError } from '../../local/base/user-error.ts';

/** An error that the user can act on, with a code for `--json` and an exit code. */
export class CommandError extends UserError {
  readonly exitCode: number = 1;

  constructor(
    /** In snake_case. Scripts depend on it. */
    readonly code: string,
    message: string,
    nextStep: string,
    options?: ErrorOptions,
  ) {
    super(message, nextStep, options);
  }
}

/** The command line makes no sense. The command has done nothing. Exit code 2. */
export class UsageError extends CommandError {
  override readonly exitCode = 2;

  constructor(message: string, nextStep: string) {
    super('wrong_use', message, nextStep);
  }
}

/** The user has interrupted the command with Ctrl-C or a signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  /** @param exitCode 128 plus the signal's number, by the shells' convention */
  constructor(readonly exitCode = 130) {
    super('interrupted');
  }
}

/** Whether work has ended because its `AbortSignal` was aborted: the SDK and Node.js throw an `AbortError`. */
export function isInterruption(error: unknown): boolean {
  return error instanceof Interrupted || (error instanceof Error && error.name === 'AbortError');
}
