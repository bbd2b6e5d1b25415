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
import { type Queue, send } from '../../functions/core/queue/queue.ts';
import type { Results } from '../../functions/core/results/client.ts';
import { TIMEOUTS } from '../../functions/runtime/aws-clients.ts';
import type { AwsConnection } from '../../test/fixtures/pipeline.ts';
import type { Context } from '../harness/benchmark.ts';
import type { OwnCloud } from '../harness/own-cloud.ts';
import type { Load, System } from '../harness/throughput.ts';
import { allCounted, newJobs, outcomeOf, PEER_PACKING } from './peer-run.ts';

const NAME = 'bench-powertools';

/** The Powertools handler as it is deployed on the emulator. The benchmarks' cloud takes it down at its end. */
interface Deployed {
  readonly queue: Queue;
  readonly documents: DynamoDBDocumentClient;
  readonly countersTable: string;
  scale(load: Load): Promise<void>;
  /** Starts or stops taking messages from the queue. */
  setEnabled(enabled: boolean): Promise<void>;
  close(): void;
}

/**
 * A Powertools handler on the same emulator as Drumline: one job per message, ten messages per batch, all records of a
 * batch at the same time. All jobs are in the queue before the workers start.
 */
export async function openPowertools(
  { signal, atEnd }: Context,
  { aws, elasticsearchUrl }: OwnCloud,
  results: Results,
): Promise<System> {
  const deployed = await deployHandler(aws, results, elasticsearchUrl);
  atEnd(async () => deployed.close());
  const readCount = async (runId: string) => {
    const key = { TableName: deployed.countersTable, Key: { id: runId }, ConsistentRead: true };
    return Number((await deployed.documents.send(new GetCommand(key))).Item?.jobsDone ?? 0);
  };
  return {
    name: 'powertools',
    settings: { batchSize: PEER_PACKING.batchSize },
    packing: PEER_PACKING,
    async start(load) {
      await deployed.scale(load);
      return {
        async run(count) {
          const { runId, jobs } = newJobs(count);
          await send(
            deployed.queue,
            jobs.map((job) => ({ MessageBody: JSON.stringify(job) })),
          );
          await deployed.setEnabled(true);
          try {
            const counted = await allCounted(count, () => readCount(runId), signal);
            return await outcomeOf(results, { runId, jobs: count, counted, workMs: load.workMs });
          } finally {
            await deployed.setEnabled(false);
          }
        },
        async stop() {},
      };
    },
  };
}

/** Deploys the handler with the same memory and time limit as Drumline's consumer. */
async function deployHandler(
  aws: AwsConnection,
  results: Results,
  elasticsearchUrl: string,
): Promise<Deployed> {
  const sqs = new SQSClient({ ...aws, requestHandler: TIMEOUTS });
  const dynamo = new DynamoDBClient(aws);
  const lambda = new LambdaClient(aws);
  const { consumerTimeoutSeconds, consumerMemoryMb } = effectiveSettings({});
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({
      QueueName: NAME,
      Attributes: { VisibilityTimeout: String(6 * consumerTimeoutSeconds) },
    }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const variables = await createPowertoolsTables(dynamo, NAME, elasticsearchUrl, results.index);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: NAME,
      Runtime: 'nodejs22.x',
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
      EventSourceArn: Attributes?.QueueArn,
      BatchSize: PEER_PACKING.batchSize,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      Enabled: false,
    }),
  );
  return {
    queue: { url: QueueUrl, client: sqs, retryDelayMs: 25 },
    documents: DynamoDBDocumentClient.from(dynamo),
    countersTable: variables.PEER_COUNTERS_TABLE,
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
      // AWS does not accept a maximum below 2.
      const ScalingConfig = { MaximumConcurrency: Math.max(2, workers) };
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID, ScalingConfig }));
    },
    async setEnabled(enabled) {
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: enabled }));
    },
    close: () => {
      for (const client of [sqs, dynamo, lambda]) client.destroy();
    },
  };
}

/** The handler in one ES module. */
export async function bundleHandler(): Promise<Uint8Array> {
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

/** Creates the handler's tables, with the key that Powertools uses by default. @returns the handler's environment */
export async function createPowertoolsTables(
  dynamo: DynamoDBClient,
  prefix: string,
  elasticsearchUrl: string,
  index: string,
) {
  const variables = {
    PEER_IDEMPOTENCY_TABLE: `${prefix}-idempotency`,
    PEER_COUNTERS_TABLE: `${prefix}-counters`,
    PEER_ELASTICSEARCH_URL: elasticsearchUrl,
    PEER_INDEX: index,
  };
  for (const TableName of [variables.PEER_IDEMPOTENCY_TABLE, variables.PEER_COUNTERS_TABLE])
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
  const trust = {
    Effect: 'Allow',
    Principal: { Service: 'lambda.amazonaws.com' },
    Action: 'sts:AssumeRole',
  };
  const access = { Effect: 'Allow', Action: ['dynamodb:*', 'sqs:*', 'logs:*'], Resource: '*' };
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: NAME, AssumeRolePolicyDocument: policyOf(trust) }),
  );
  await iam.send(
    new PutRolePolicyCommand({ RoleName: NAME, PolicyName: NAME, PolicyDocument: policyOf(access) }),
  );
  iam.destroy();
  return Role?.Arn ?? '';
}

function policyOf(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
