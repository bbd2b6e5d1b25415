import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect } from 'vitest';
import { functionName, lambda, output, sqs, target, until } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name !== 'localstack', 'it is not tried there');

const FunctionName = functionName('scheduler');
let variables: Record<string, string>;

async function setVariables(to: Record<string, string>): Promise<void> {
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: to } }));
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 60 }, { FunctionName });
}

beforeAll(async () => {
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  variables = Environment?.Variables ?? {};
  await setVariables({ ...variables, DRUMLINE_TABLE: 'no-such-table' });
});

afterAll(() => setVariables(variables));

test('an event for which the scheduler fails is kept in the abandoned-events queue with the reason', async () => {
  const Payload = JSON.stringify({ time: '2026-01-01T00:00:00Z' });
  await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
  const QueueUrl = await output('AbandonedEventsQueueUrl');
  const [message] = await until(
    // Lambda tries a second time a minute after the first.
    async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }))).Messages ?? [],
    (messages) => messages.length > 0,
    180,
  );
  expect(JSON.parse(message?.Body ?? '')).toMatchObject({
    requestContext: { condition: 'RetriesExhausted' },
    requestPayload: JSON.parse(Payload),
  });
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
});
