import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';

/** What Drumline rests on, by the part that it plays. */
export type Service = 'ledger' | 'queue' | 'results';

/**
 * A service can't be used just now: it throttles, times out, refuses the connection or has an error of its own.
 * Nobody's job is to blame, so nobody's attempt is spent; trying later is right.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';

  constructor(
    readonly service: Service,
    cause: unknown,
    /** Whether the very same call would probably have gone well a moment later: it met another transaction. */
    readonly momentary = false,
  ) {
    // The cause in words alone: a client's error holds the request, and that the API key.
    super(`the ${service} can't be used just now: ${reasonFrom(cause)}`);
  }
}

/** Conditional writes found the ledger other than expected: somebody else was there first. Nothing was written. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';

  /** @param at which of the transaction's writes failed, by their positions */
  constructor(readonly at: number[]) {
    super(`the ledger has moved on (writes ${at.join(', ')})`);
  }
}

/** Thrown by a job's `work` to say that trying again is useless: the job goes to the dead letters at once. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/** A request that is refused: told to the caller as `{error: {code, message, details?}}`, and nothing was changed. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** For programs: snake_case, stable. */
    readonly code: string,
    message: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
  }

  toBody(): { error: { code: string; message: string; details?: Record<string, unknown> } } {
    const { code, message, details } = this;
    return { error: details ? { code, message, details } : { code, message } };
  }
}

/** The longest reason that is kept with a failed job, in characters. */
export const MAX_REASON_CHARACTERS = 200;

/** What SQS refuses in a reason (halves of surrogate pairs, non-characters), and what would break its one line. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]+/gu;

/** One line on why something was thrown, whatever was thrown, fit for SQS and not too long. Never throws. */
export function reasonFrom(thrown: unknown): string {
  const line = wordsOf(thrown).replaceAll(UNFIT, ' ').trim() || 'an Error without a message was thrown';
  // The cut may halve a pair again.
  return line.length > MAX_REASON_CHARACTERS
    ? `${line.slice(0, MAX_REASON_CHARACTERS - 1).replace(/\p{Cs}$/u, '')}…`
    : line;
}

function wordsOf(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return `something that is not an Error was thrown: ${String(thrown)}`;
    return [thrown.name === 'Error' ? '' : thrown.name, thrown.message || codeOf(thrown)]
      .filter(Boolean)
      .join(': ');
  } catch {
    // A job may throw what can't be turned into text.
    return 'something that can’t be described was thrown';
  }
}

/** Whether an AWS SDK error is the service's or the network's trouble rather than the request's. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const sdkError = error as Parameters<typeof isTransientError>[0];
  return (
    isThrottlingError(sdkError) ||
    isTransientError(sdkError) ||
    isServerError(sdkError) ||
    TRANSIENT_CODES.has(codeOf(error)) ||
    // A stopped server that takes connections and drops them shows as a body that can't be parsed.
    error.name === 'SyntaxError'
  );
}

const TRANSIENT_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
]);

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
