import {
  type EventSourceMappingConfiguration,
  GetFunctionCommand,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import pRetry from 'p-retry';
import { MIN_MAPPING_CONCURRENCY } from '../../plan/aws-limits.ts';
import { CommandError } from '../terminal/errors.ts';
import type { Deployment } from './deployment.ts';

/** The maximum number of concurrent workers: the consumer's reserved concurrency, and the mapping's maximum. */
export interface Concurrency {
  /** null if there is no limit. */
  reserved: number | null;
  /** null if it is not set. A mapping with provisioned pollers cannot have one. */
  mapping: number | null;
}

/** AWS refuses to change a mapping while it applies an earlier change. */
const MAPPING_RETRIES = { retries: 29, factor: 1, minTimeout: 1_000 };

/** Reads the concurrency of the running system. */
export async function readConcurrency(deployment: Deployment, signal: AbortSignal): Promise<Concurrency> {
  const { reserved, mapping } = await readConsumer(deployment, signal);
  return { reserved, mapping: maximumOf(mapping) };
}

/**
 * Sets the maximum number of concurrent workers. The mapping's maximum must never exceed the reserved concurrency: Lambda
 * would throttle its calls, and each throttled message counts as received. So the function grows first and shrinks last.
 */
export async function setConcurrency(
  deployment: Deployment,
  workers: number,
  signal: AbortSignal,
): Promise<{ before: Concurrency; after: Concurrency }> {
  const { reserved, mapping } = await readConsumer(deployment, signal);
  const before = { reserved, mapping: maximumOf(mapping) };
  const maximum = mapping.ProvisionedPollerConfig ? null : Math.max(MIN_MAPPING_CONCURRENCY, workers);
  const reserve = async () => {
    if (reserved !== workers) await putReserved(deployment, workers, signal);
  };
  const limitMapping = async () => {
    if (maximum !== null && maximum !== before.mapping)
      await putMaximum(deployment, mapping, maximum, signal);
  };
  const isGrowing = reserved !== null && workers >= reserved;
  for (const change of isGrowing ? [reserve, limitMapping] : [limitMapping, reserve]) await change();
  return { before, after: { reserved: workers, mapping: maximum } };
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

async function readConsumer(deployment: Deployment, signal: AbortSignal) {
  const { target, functions } = deployment;
  const [consumer, mapping] = await Promise.all([
    target.clients.lambda.send(new GetFunctionCommand({ FunctionName: functions.consumer }), {
      abortSignal: signal,
    }),
    readMapping(deployment, signal),
  ]);
  return { reserved: consumer.Concurrency?.ReservedConcurrentExecutions ?? null, mapping };
}

function maximumOf({ ScalingConfig }: EventSourceMappingConfiguration): number | null {
  return ScalingConfig?.MaximumConcurrency ?? null;
}

async function putReserved(
  { target, functions }: Deployment,
  workers: number,
  signal: AbortSignal,
): Promise<void> {
  const command = new PutFunctionConcurrencyCommand({
    FunctionName: functions.consumer,
    ReservedConcurrentExecutions: workers,
  });
  try {
    await target.clients.lambda.send(command, { abortSignal: signal });
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('UnreservedConcurrentExecution')) throw error;
    throw new CommandError(
      'concurrency_quota',
      `The account’s Lambda concurrency has no room for ${workers} workers: ${error.message}`,
      'Set fewer workers, or ask AWS for a higher "Concurrent executions" quota.',
      { cause: error },
    );
  }
}

async function putMaximum(
  { target }: Deployment,
  { UUID: uuid }: EventSourceMappingConfiguration,
  maximum: number,
  signal: AbortSignal,
): Promise<void> {
  const command = new UpdateEventSourceMappingCommand({
    UUID: uuid,
    ScalingConfig: { MaximumConcurrency: maximum },
  });
  await pRetry(() => target.clients.lambda.send(command, { abortSignal: signal }), {
    ...MAPPING_RETRIES,
    signal,
    shouldRetry: ({ error }) => error.name === 'ResourceInUseException',
  });
}
