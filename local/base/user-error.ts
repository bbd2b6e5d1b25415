/**
 * Something went wrong that a person can mend: what happened to what, and what to do next.
 * The command prints `message` and `nextStep` and nothing else; anything that is not a `UserError` is a bug of ours.
 */
export class UserError extends Error {
  override readonly name = 'UserError';

  constructor(
    /** One sentence: what happened, and to what. */
    message: string,
    /** One sentence or command: what to do about it. */
    readonly nextStep: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
