import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { effectiveSettings } from '../../../cli/cloud/settings.ts';
import type { Queue } from '../../../functions/core/queue/queue.ts';
import type { Results } from '../../../functions/core/results/client.ts';
import { TIMEOUTS } from '../../../functions/runtime/aws-clients.ts';
import type { Load } from '../../contender.ts';
import type { AwsPlace } from '../../own-cloud.ts';
import { bundleHandler } from './bundle.ts';

const NAME = 'bench-powertools';

/** The handler as it is deployed, with its queue and its tables. It goes when the benchmarks' cloud does. */
export interface Deployed {
  readonly queue: Queue;
  readonly dynamo: DynamoDBClient;
  readonly countersTable: string;
  /** Says how many workers there may be, and how long their jobs wait. */
  scale(load: Load): Promise<void>;
  /** Whether messages are taken from the queue. */
  take(messages: boolean): Promise<void>;
  close(): void;
}

/** Deploys the handler with the memory and the time limit that our consumer has. */
export async function deployHandler(aws: AwsPlace, results: Results, url: string): Promise<Deployed> {
  const sqs = new SQSClient({ ...aws, requestHandler: TIMEOUTS });
  const dynamo = new DynamoDBClient(aws);
  const lambda = new LambdaClient(aws);
  const iam = new IAMClient(aws);
  const { consumerTimeoutSeconds, consumerMemoryMb } = effectiveSettings({});
  const tables = { idempotency: `${NAME}-idempotency`, counters: `${NAME}-counters` };
  for (const table of Object.values(tables)) await createTable(dynamo, table);
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({
      QueueName: NAME,
      Attributes: { VisibilityTimeout: String(6 * consumerTimeoutSeconds) },
    }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const variables = {
    PEER_IDEMPOTENCY_TABLE: tables.idempotency,
    PEER_COUNTERS_TABLE: tables.counters,
    PEER_ELASTICSEARCH_URL: url,
    PEER_INDEX: results.index,
  };
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: NAME,
      Runtime: 'nodejs22.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Role: await createRole(iam),
      Code: { ZipFile: await bundleHandler() },
      MemorySize: consumerMemoryMb,
      Timeout: consumerTimeoutSeconds,
      Environment: { Variables: variables },
    }),
  );
  const { UUID } = await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: NAME,
      EventSourceArn: Attributes?.QueueArn,
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      Enabled: false,
    }),
  );
  return {
    queue: { url: QueueUrl, client: sqs, retryDelayMs: 25 },
    dynamo,
    countersTable: tables.counters,
    async scale({ workers, workMs }) {
      await lambda.send(
        new UpdateFunctionConfigurationCommand({
          FunctionName: NAME,
          Environment: { Variables: { ...variables, DRUMLINE_WORK_MS: String(workMs) } },
        }),
      );
      await lambda.send(
        new PutFunctionConcurrencyCommand({ FunctionName: NAME, ReservedConcurrentExecutions: workers }),
      );
      // AWS accepts no less than two.
      const ScalingConfig = { MaximumConcurrency: Math.max(2, workers) };
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID, ScalingConfig }));
    },
    async take(messages) {
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: messages }));
    },
    close: () => {
      for (const client of [sqs, dynamo, lambda, iam]) client.destroy();
    },
  };
}

/** Both tables have the one key that Powertools' persistence layer wants unless told. */
async function createTable(dynamo: DynamoDBClient, TableName: string): Promise<void> {
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
}

/** On the benchmarks' own emulator, where there is nothing besides that it could reach. */
async function createRole(iam: IAMClient): Promise<string> {
  const principal = { Service: 'lambda.amazonaws.com' };
  const trust = { Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' };
  const allowed = { Effect: 'Allow', Action: ['dynamodb:*', 'sqs:*', 'logs:*'], Resource: '*' };
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: NAME, AssumeRolePolicyDocument: policy(trust) }),
  );
  await iam.send(
    new PutRolePolicyCommand({ RoleName: NAME, PolicyName: NAME, PolicyDocument: policy(allowed) }),
  );
  return Role?.Arn ?? '';
}

function policy(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
