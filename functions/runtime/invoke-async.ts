import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { reasonFrom } from '../core/model/errors.ts';
import { log } from './logger.ts';

/**
 * Invokes a function without waiting for its result. Never throws: without this call, the rule's next event leads to the
 * same work.
 * @param otherwise what happens if Lambda does not answer; for the log
 * @param event the function's input; none unless given
 */
export async function invokeAsync(
  lambda: LambdaClient,
  FunctionName: string,
  otherwise: string,
  event?: unknown,
): Promise<void> {
  const Payload = event === undefined ? {} : { Payload: JSON.stringify(event) };
  await lambda
    .send(new InvokeCommand({ FunctionName, InvocationType: 'Event', ...Payload }))
    .catch((error) => log.warn(otherwise, { reason: reasonFrom(error) }));
}
