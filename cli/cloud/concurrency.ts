import { GetFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import type { Deployment } from './deployment.ts';

/** Reads the consumer's reserved concurrency; null if none is reserved. */
export async function readReserved(
  { target, functions }: Deployment,
  abortSignal: AbortSignal,
): Promise<number | null> {
  const command = new GetFunctionConcurrencyCommand({ FunctionName: functions.consumer });
  const { ReservedConcurrentExecutions: reserved } = await target.clients.lambda.send(command, {
    abortSignal,
  });
  return reserved ?? null;
}
