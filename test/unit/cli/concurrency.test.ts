import {
  GetFunctionCommand,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { setConcurrency } from '../../../cli/cloud/concurrency.ts';
import type { Deployment } from '../../../cli/cloud/deployment.ts';

const NOT_ABORTED = new AbortController().signal;

/** Scales a consumer, and records the changes to the function and its mapping in order. */
async function scale(workers: number, reserved: number, mapping: object) {
  const changes: string[] = [];
  const send = async (command: unknown) => {
    if (command instanceof GetFunctionCommand)
      return { Concurrency: { ReservedConcurrentExecutions: reserved } };
    if (command instanceof ListEventSourceMappingsCommand)
      return { EventSourceMappings: [{ UUID: 'the-mapping', ...mapping }] };
    if (command instanceof PutFunctionConcurrencyCommand)
      changes.push(`function ${command.input.ReservedConcurrentExecutions}`);
    if (command instanceof UpdateEventSourceMappingCommand)
      changes.push(`mapping ${command.input.ScalingConfig?.MaximumConcurrency}`);
    return {};
  };
  const target = { clients: { lambda: { send } } };
  const deployment = { target, functions: { consumer: 'c' } } as unknown as Deployment;
  return { ...(await setConcurrency(deployment, workers, NOT_ABORTED)), changes };
}

test('the mapping never asks for more workers than the function may run', async () => {
  for (const [reserved, mapping, workers, changes] of [
    [2, 2, 8, ['function 8', 'mapping 8']],
    [8, 8, 3, ['mapping 3', 'function 3']],
    // AWS does not accept a mapping with a maximum of one.
    [4, 4, 1, ['mapping 2', 'function 1']],
    [1, 2, 2, ['function 2']],
    [4, 4, 4, []],
    // An earlier change was interrupted.
    [4, 2, 4, ['mapping 4']],
  ] as const)
    expect(await scale(workers, reserved, { ScalingConfig: { MaximumConcurrency: mapping } })).toEqual({
      before: { reserved, mapping },
      after: { reserved: workers, mapping: Math.max(2, workers) },
      changes,
    });
});

test('a mapping with provisioned pollers gets no maximum, because AWS does not allow both', async () => {
  for (const workers of [8, 1])
    expect(await scale(workers, 4, { ProvisionedPollerConfig: { MinimumPollers: 2 } })).toMatchObject({
      after: { reserved: workers, mapping: null },
      changes: [`function ${workers}`],
    });
});
