import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';

/** The services that Drumline depends on, by their role: DynamoDB, SQS, Elasticsearch, S3. */
export type Service = 'ledger' | 'queue' | 'results' | 'items';

/**
 * A service cannot be used at the moment: it throttles, times out, refuses the connection or has an internal error.
 * No job is to blame, so the failure does not count as an attempt. Trying again later is safe.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';

  constructor(
    readonly service: Service,
    cause: unknown,
    /** Whether the call was only cancelled because of concurrent calls, and will probably succeed in a moment. */
    readonly momentary = false,
  ) {
    // Only the cause's text: the client's error object contains the request, and so the API key.
    super(`the ${service} can't be used just now: ${reasonFrom(cause)}`);
  }
}

/** A condition of a ledger transaction does not hold: something else changed the item first. Nothing was written. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';

  /** @param failedWrites the indices of the writes whose conditions failed, from 0 */
  constructor(readonly failedWrites: number[]) {
    super(`the ledger has changed since it was read (writes ${failedWrites.join(', ')})`);
  }
}

/**
 * `run` throws this when another attempt is useless: the job becomes a dead letter at once. A list's source throws this
 * when it is useless to read the page again: the tick is missed.
 */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/** Whether a job or a list says that trying again is useless. */
export function isPermanent(thrown: unknown): boolean {
  // Also by name, because a job's bundle may contain another copy of the class.
  return thrown instanceof PermanentError || (thrown as Error | undefined)?.name === 'PermanentError';
}

/** A rejected request. The caller receives `{error: {code, message, details?}}`; nothing was changed. */
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

/** Maximum length of the reason that is stored with a failed job, in characters. */
export const MAX_REASON_CHARACTERS = 200;

/** Characters that SQS rejects (lone surrogates, non-characters), and those that would break a one-line text. */
const INVALID_CHARACTERS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]+/gu;

/**
 * Describes any thrown value in one line of at most `MAX_REASON_CHARACTERS` characters, all of them valid in SQS.
 * Never throws.
 */
export function reasonFrom(thrown: unknown): string {
  const line = describe(thrown).replaceAll(INVALID_CHARACTERS, ' ').trim();
  if (line === '') return 'an Error without a message was thrown';
  if (line.length <= MAX_REASON_CHARACTERS) return line;
  // The cut may leave half of a surrogate pair.
  return `${line.slice(0, MAX_REASON_CHARACTERS - 1).replace(/\p{Cs}$/u, '')}…`;
}

function describe(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return `something that is not an Error was thrown: ${String(thrown)}`;
    return [
      thrown.name === 'Error' ? '' : thrown.name,
      thrown.message || codeOf(thrown),
      causeOfFetch(thrown),
    ]
      .filter(Boolean)
      .join(': ');
  } catch {
    // A job may throw a value that cannot be converted to a string.
    return 'something that can’t be described was thrown';
  }
}

/** Node's `fetch` throws `TypeError: fetch failed` for every failure. Only its cause says what has happened. */
function causeOfFetch({ message, cause }: Error): string {
  return message === 'fetch failed' && cause instanceof Error ? cause.message || codeOf(cause) : '';
}

/** Whether an AWS SDK error was caused by the service or the network, and not by the request. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const sdkError = error as Parameters<typeof isTransientError>[0];
  return (
    isThrottlingError(sdkError) ||
    isTransientError(sdkError) ||
    isServerError(sdkError) ||
    TRANSIENT_CODES.has(codeOf(error)) ||
    // A stopped server that accepts connections and drops them causes a body that cannot be parsed.
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
