import {
  GetFunctionCommand,
  type LambdaClient,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { CommandError } from '../terminal/errors.ts';
import { pause } from '../terminal/interrupt.ts';
import type { Deployment } from './deployment.ts';

/** How many workers may run at a time: the consumer's reserved concurrency, and the mapping's maximum. */
export interface Concurrency {
  /** null where it is not limited. */
  reserved: number | null;
  /** null where it is not set, as with provisioned pollers, which go without. */
  mapping: number | null;
}

export const MAX_WORKERS = 1_000;

/** AWS accepts no less as an event source mapping's maximum concurrency. */
const LEAST_MAPPING = 2;

const BUSY_TRIES = 30;
const BUSY_DELAY_MS = 1_000;

/** What the running system has. */
export async function readConcurrency(deployment: Deployment, signal: AbortSignal): Promise<Concurrency> {
  const [consumer, mapping] = await Promise.all([
    deployment.target.clients.lambda.send(
      new GetFunctionCommand({ FunctionName: deployment.functions.consumer }),
      { abortSignal: signal },
    ),
    readMapping(deployment, signal),
  ]);
  return {
    reserved: consumer.Concurrency?.ReservedConcurrentExecutions ?? null,
    mapping: mapping.ScalingConfig?.MaximumConcurrency ?? null,
  };
}

/**
 * Has `workers` of them run at a time, from now on. The mapping must not ask for more than the function may run (its
 * calls would be throttled, and their messages counted as received): when growing the function goes first, when
 * shrinking the mapping.
 */
export async function setConcurrency(
  deployment: Deployment,
  workers: number,
  signal: AbortSignal,
): Promise<{ before: Concurrency; after: Concurrency }> {
  const before = await readConcurrency(deployment, signal);
  const { ProvisionedPollerConfig: pollers } = await readMapping(deployment, signal);
  const after = { reserved: workers, mapping: pollers ? null : Math.max(LEAST_MAPPING, workers) };
  const reserve = () => before.reserved !== after.reserved && putReserved(deployment, workers, signal);
  const map = () =>
    after.mapping !== null &&
    before.mapping !== after.mapping &&
    putMapping(deployment, after.mapping, signal);
  const steps = workers >= (before.reserved ?? Number.POSITIVE_INFINITY) ? [reserve, map] : [map, reserve];
  for (const step of steps) await step();
  return { before, after };
}

async function putReserved(deployment: Deployment, workers: number, signal: AbortSignal): Promise<void> {
  const { target, functions } = deployment;
  try {
    await target.clients.lambda.send(
      new PutFunctionConcurrencyCommand({
        FunctionName: functions.consumer,
        ReservedConcurrentExecutions: workers,
      }),
      { abortSignal: signal },
    );
  } catch (error) {
    // AWS keeps some of the account's concurrency for functions that have none reserved.
    if (!(error instanceof Error) || !error.message.includes('UnreservedConcurrentExecution')) throw error;
    throw new CommandError(
      'concurrency_quota',
      `${workers} workers are more than the account's Lambda concurrency leaves: ${error.message}`,
      'Take fewer, or ask AWS for a higher "Concurrent executions" quota.',
      { cause: error },
    );
  }
}

async function putMapping(deployment: Deployment, maximum: number, signal: AbortSignal): Promise<void> {
  const { lambda } = deployment.target.clients;
  const { UUID: uuid } = await readMapping(deployment, signal);
  const update = new UpdateEventSourceMappingCommand({
    UUID: uuid,
    ScalingConfig: { MaximumConcurrency: maximum },
  });
  await whenNotBusy(lambda, update, signal);
}

/** A mapping takes no change while an earlier one is being carried out. */
async function whenNotBusy(
  lambda: LambdaClient,
  update: UpdateEventSourceMappingCommand,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await lambda.send(update, { abortSignal: signal });
      return;
    } catch (error) {
      const isBusy = error instanceof Error && error.name === 'ResourceInUseException';
      if (!isBusy || tries === BUSY_TRIES) throw error;
      await pause(BUSY_DELAY_MS, signal);
    }
  }
}

/** The event source mapping that brings the consumer its messages. */
export async function readMapping(deployment: Deployment, signal: AbortSignal) {
  const { EventSourceMappings: mappings = [] } = await deployment.target.clients.lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: deployment.functions.consumer }),
    { abortSignal: signal },
  );
  const [mapping] = mappings;
  if (mapping) return mapping;
  throw new CommandError(
    'deployment_differs',
    `The consumer ${deployment.functions.consumer} takes no messages: its event source mapping is gone.`,
    deployment.target.command('deploy'),
  );
}
