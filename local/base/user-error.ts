/**
 * An error that the user can correct. Commands print `message` and `nextStep`, and no stack trace. Every other error is
 * a bug in Drumline.
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
