import type { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { ConditionFailed, isTransient, type Service, Unavailable } from './model/errors.ts';

/** Why DynamoDB cancels a transaction that would have gone through a moment later. */
const MOMENTARY = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/**
 * Calls an AWS service, and says what it means when the call fails.
 * @throws ConditionFailed when a condition of a transaction did not hold; nothing was written
 * @throws Unavailable when the service throttles, has an error of its own, or does not answer: the call may or may not
 *   have had its effect
 * @throws the error as it is when the request itself is at fault
 */
export async function awsCall<T>(service: Service, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw meaningOf(service, error);
  }
}

function meaningOf(service: Service, error: unknown): unknown {
  if (isCancelled(error)) {
    const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None');
    const failed = codes.flatMap((code, at) => (code === 'ConditionalCheckFailed' ? [at] : []));
    if (failed.length > 0) return new ConditionFailed(failed);
    return codes.some((code) => MOMENTARY.has(code)) ? new Unavailable(service, error, true) : error;
  }
  const isConflict = error instanceof Error && error.name === 'TransactionConflictException';
  const isLate = error instanceof Error && error.name === 'AbortError';
  return isConflict || isLate || isTransient(error) ? new Unavailable(service, error, isConflict) : error;
}

function isCancelled(error: unknown): error is TransactionCanceledException {
  return error instanceof Error && error.name === 'TransactionCanceledException';
}
