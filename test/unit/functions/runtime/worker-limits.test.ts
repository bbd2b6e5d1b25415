import {
  GetEventSourceMappingCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { workerLimits } from '../../../../functions/runtime/worker-limits.ts';

/** Lambda that answers each command with this, or throws it. */
function limits(answer: unknown, mapping = 'the-mapping') {
  const sent: unknown[] = [];
  const send = async (command: unknown) => {
    sent.push(command);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { sent, ...workerLimits({ send } as unknown as LambdaClient, 'consumer', mapping) };
}

test('Lambda’s answers and requests', async () => {
  expect(await limits({}).readReserved()).toBeNull();
  expect(await limits({ ReservedConcurrentExecutions: 4 }).readReserved()).toBe(4);
  for (const [State, isChanging] of [
    ['Enabled', false],
    ['Disabled', false],
    ['Updating', true],
    ['Creating', true],
  ] as const)
    expect(await limits({ State, ScalingConfig: { MaximumConcurrency: 8 } }).readMapping?.()).toEqual({
      maximum: 8,
      isChanging,
    });
  const { sent, reserve, limitMapping, readMapping } = limits({});
  for (const call of [() => reserve(3), () => limitMapping(3), () => readMapping?.()]) await call();
  expect(sent).toMatchObject([
    { input: { FunctionName: 'consumer', ReservedConcurrentExecutions: 3 } },
    { input: { UUID: 'the-mapping', ScalingConfig: { MaximumConcurrency: 3 } } },
    { input: { UUID: 'the-mapping' } },
  ]);
  const classes = [
    PutFunctionConcurrencyCommand,
    UpdateEventSourceMappingCommand,
    GetEventSourceMappingCommand,
  ];
  for (const [index, each] of classes.entries()) expect(sent[index]).toBeInstanceOf(each);
});

test('with provisioned pollers there is no mapping to change', () => {
  expect(limits({}, '').readMapping).toBeUndefined();
});

test('a refusal says in words what to do', async () => {
  const room =
    "Specified ReservedConcurrentExecutions decreases account's UnreservedConcurrentExecution below [100].";
  for (const [name, message, problem] of [
    [
      'InvalidParameterValueException',
      room,
      /^The account’s Lambda concurrency has no room for so many workers: .*100/,
    ],
    [
      'ThrottlingException',
      'Rate exceeded',
      /^Lambda does not answer, or throttles: ThrottlingException: Rate exceeded/,
    ],
    ['TooManyRequestsException', 'Rate exceeded', /^Lambda does not answer, or throttles: /],
    ['ResourceNotFoundException', 'no mapping', /^The deployment is not complete, so deploy again: /],
    ['AccessDeniedException', 'not authorized', /^Lambda refuses: AccessDeniedException: not authorized/],
  ] as const) {
    const error = Object.assign(new Error(message), { name });
    await expect(limits(error).reserve(900), name).rejects.toThrow(problem);
    await expect(limits(error).readReserved(), name).rejects.toMatchObject({ name: 'Refused' });
  }
});
