import {
  type EventSourceMappingConfiguration,
  GetFunctionConcurrencyCommand,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { CommandError } from '../terminal/errors.ts';
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

/** Reads the event source mapping from the jobs queue to the consumer. @throws CommandError `deployment_differs` */
export async function readMapping(
  { target, functions }: Deployment,
  signal: AbortSignal,
): Promise<EventSourceMappingConfiguration> {
  const { EventSourceMappings: [mapping] = [] } = await target.clients.lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: functions.consumer }),
    { abortSignal: signal },
  );
  if (mapping) return mapping;
  throw new CommandError(
    'deployment_differs',
    `The consumer ${functions.consumer} receives no messages: its event source mapping is missing.`,
    target.command('deploy'),
  );
}
