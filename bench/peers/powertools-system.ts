import { join } from 'node:path';
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
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { send } from '../../functions/core/queue/queue.ts';
import type { Results } from '../../functions/core/results/client.ts';
import { TIMEOUTS } from '../../functions/runtime/aws-clients.ts';
import type { AwsConnection } from '../../test/fixtures/pipeline.ts';
import type { Context } from '../harness/benchmark.ts';
import type { OwnCloud } from '../harness/own-cloud.ts';
import type { System } from '../harness/throughput.ts';
import type { PeerJob } from './peer-job.ts';
import { PEER_PACKING, type PeerQueue, runPeer } from './peer-run.ts';

const NAME = 'bench-powertools';

/**
 * A Powertools handler on the same emulator as Drumline: one job per message, ten messages per batch, all records of a
 * batch at the same time. It has the same memory and time limit as Drumline's consumer. The benchmarks' cloud takes it
 * down at its end.
 */
export async function openPowertools(
  { signal, atEnd }: Context,
  { aws, elasticsearchUrl }: OwnCloud,
  results: Results,
): Promise<System> {
  const sqs = new SQSClient({ ...aws, requestHandler: TIMEOUTS });
  const dynamo = new DynamoDBClient(aws);
  const lambda = new LambdaClient(aws);
  atEnd(async () => [sqs, dynamo, lambda].forEach((client) => void client.destroy()));
  const tables = await createPowertoolsTables(dynamo, NAME);
  const variables = { ...tables, PEER_ELASTICSEARCH_URL: elasticsearchUrl, PEER_INDEX: results.index };
  const { consumerTimeoutSeconds, consumerMemoryMb } = effectiveSettings({});
  const Attributes = { VisibilityTimeout: String(6 * consumerTimeoutSeconds) };
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: NAME, Attributes }));
  const { Attributes: { QueueArn } = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: NAME,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Role: await createRole(aws),
      Code: { ZipFile: zipSync({ 'index.mjs': await bundleHandler() }) },
      MemorySize: consumerMemoryMb,
      Timeout: consumerTimeoutSeconds,
      Environment: { Variables: variables },
    }),
  );
  const { UUID } = await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: NAME,
      EventSourceArn: QueueArn,
      BatchSize: PEER_PACKING.batchSize,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      Enabled: false,
    }),
  );
  const setEnabled = (Enabled: boolean) =>
    lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
  const documents = DynamoDBDocumentClient.from(dynamo);
  const queue: PeerQueue = {
    fill: (_runId, jobs) => send({ url: QueueUrl, client: sqs, retryDelayMs: 25 }, messagesOf(jobs)),
    open: () => setEnabled(true),
    async readCount(id) {
      const key = { TableName: tables.PEER_COUNTERS_TABLE, Key: { id }, ConsistentRead: true };
      return (await documents.send(new GetCommand(key))).Item?.jobsDone ?? 0;
    },
    close: () => setEnabled(false),
  };
  return {
    name: 'powertools',
    settings: { batchSize: PEER_PACKING.batchSize },
    packing: PEER_PACKING,
    async start({ workers, workMs }) {
      const Variables = { ...variables, DRUMLINE_WORK_MS: String(workMs) };
      await lambda.send(
        new UpdateFunctionConfigurationCommand({ FunctionName: NAME, Environment: { Variables } }),
      );
      await lambda.send(
        new PutFunctionConcurrencyCommand({ FunctionName: NAME, ReservedConcurrentExecutions: workers }),
      );
      // AWS does not accept a maximum below 2.
      const ScalingConfig = { MaximumConcurrency: Math.max(2, workers) };
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID, ScalingConfig }));
      return { run: (jobs) => runPeer(queue, { results, signal }, jobs, workMs) };
    },
  };
}

/** The messages of these jobs, one per job. */
export function messagesOf(jobs: readonly PeerJob[]): { MessageBody: string }[] {
  return jobs.map((job) => ({ MessageBody: JSON.stringify(job) }));
}

/** The handler in one ES module. */
async function bundleHandler(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'powertools-handler.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
    mainFields: ['module', 'main'],
    banner: {
      // CommonJS packages in the bundle call `require`.
      js: "import{createRequire as peerRequire}from'node:module';const require=peerRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/** Creates the handler's tables, with the key that Powertools uses by default. @returns the variables that name them */
export async function createPowertoolsTables(dynamo: DynamoDBClient, prefix: string) {
  const variables = {
    PEER_IDEMPOTENCY_TABLE: `${prefix}-idempotency`,
    PEER_COUNTERS_TABLE: `${prefix}-counters`,
  };
  for (const TableName of Object.values(variables))
    await dynamo.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    );
  return variables;
}

/** A role that may use the queue, the tables and the logs. The emulator holds nothing else. */
async function createRole(aws: AwsConnection): Promise<string> {
  const iam = new IAMClient(aws);
  const name = { RoleName: NAME };
  const policy = (rule: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...rule }] });
  const trust = policy({ Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' });
  const access = policy({ Action: ['dynamodb:*', 'sqs:*', 'logs:*'], Resource: '*' });
  const { Role } = await iam.send(new CreateRoleCommand({ ...name, AssumeRolePolicyDocument: trust }));
  await iam.send(new PutRolePolicyCommand({ ...name, PolicyName: NAME, PolicyDocument: access }));
  iam.destroy();
  return Role?.Arn ?? '';
}
