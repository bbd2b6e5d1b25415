import type { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { ConditionFailed, isTransient, type Service, Unavailable } from './model/errors.ts';

/** Reasons for which DynamoDB cancels a transaction that would probably succeed a moment later. */
const MOMENTARY = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/**
 * Calls an AWS service and converts its errors into Drumline's.
 * @throws ConditionFailed when a condition of a transaction does not hold; nothing was written
 * @throws Unavailable when the service throttles, has an internal error, or does not answer. The call may have taken
 *   effect.
 * @throws the original error when the request is invalid
 */
export async function awsCall<T>(service: Service, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toDrumlineError(service, error);
  }
}

/**
 * The option of an AWS SDK call that aborts the call and its retries at the deadline.
 * @param deadline milliseconds since 1970; without it there is no deadline
 */
export function abortAt(deadline: (() => number) | undefined): { abortSignal?: AbortSignal } {
  return deadline ? { abortSignal: AbortSignal.timeout(Math.max(1, deadline() - Date.now())) } : {};
}

function toDrumlineError(service: Service, error: unknown): unknown {
  if (isCancelledTransaction(error)) {
    const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None');
    const failedWrites = codes.flatMap((code, index) => (code === 'ConditionalCheckFailed' ? [index] : []));
    if (failedWrites.length > 0) return new ConditionFailed(failedWrites);
    return codes.some((code) => MOMENTARY.has(code)) ? new Unavailable(service, error, true) : error;
  }
  const isConflict = error instanceof Error && error.name === 'TransactionConflictException';
  const isAborted = error instanceof Error && error.name === 'AbortError';
  return isConflict || isAborted || isTransient(error) ? new Unavailable(service, error, isConflict) : error;
}

function isCancelledTransaction(error: unknown): error is TransactionCanceledException {
  return error instanceof Error && error.name === 'TransactionCanceledException';
}
