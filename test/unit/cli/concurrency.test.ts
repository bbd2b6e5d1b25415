import {
  GetFunctionCommand,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { setConcurrency } from '../../../cli/cloud/concurrency.ts';
import type { Deployment } from '../../../cli/cloud/deployment.ts';

/** A consumer and its mapping, and what was changed about them. */
function deployed(reserved: number, mapping: object) {
  const changes: unknown[] = [];
  const send = async (command: unknown) => {
    if (command instanceof GetFunctionCommand)
      return { Concurrency: { ReservedConcurrentExecutions: reserved } };
    if (command instanceof ListEventSourceMappingsCommand)
      return { EventSourceMappings: [{ UUID: 'the-mapping', ...mapping }] };
    if (command instanceof PutFunctionConcurrencyCommand)
      changes.push(command.input.ReservedConcurrentExecutions);
    if (command instanceof UpdateEventSourceMappingCommand) changes.push(command.input.ScalingConfig);
    return {};
  };
  const deployment = {
    target: { clients: { lambda: { send } } },
    functions: { consumer: 'drumline-consumer' },
  } as unknown as Deployment;
  return { changes, scaleTo: (workers: number) => setConcurrency(deployment, workers, neverAborted) };
}

const neverAborted = new AbortController().signal;

test('grows the function before the mapping, and shrinks it after', async () => {
  const { changes, scaleTo } = deployed(4, { ScalingConfig: { MaximumConcurrency: 4 } });
  await scaleTo(8);
  expect(changes.splice(0)).toEqual([8, { MaximumConcurrency: 8 }]);
  await scaleTo(1);
  expect(changes).toEqual([{ MaximumConcurrency: 2 }, 1]);
});

test('leaves a mapping with provisioned pollers alone, which AWS lets have no maximum', async () => {
  const { changes, scaleTo } = deployed(4, { ProvisionedPollerConfig: { MinimumPollers: 2 } });
  expect((await scaleTo(8)).after).toEqual({ reserved: 8, mapping: null });
  expect((await scaleTo(1)).after).toEqual({ reserved: 1, mapping: null });
  expect(changes).toEqual([8, 1]);
});
