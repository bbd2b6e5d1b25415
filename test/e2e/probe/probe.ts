import {
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  GetEventSourceMappingCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { ITEM_ATTEMPTS, ITEMS, type ItemAttempt, type Partition, type Verb } from './items.ts';

/** Tries operations with a role. It runs as a function with that role and returns the answers. */
export interface Question {
  table: string;
  jobs: string;
  deadLetters: string;
  /** The bucket of list items. */
  items: string;
  /** Their names. */
  functions: Record<'scheduler' | 'autoscaler' | 'reader' | 'control' | 'consumer', string>;
  /** The UUID of the consumer's mapping. */
  mapping: string;
  attempts: Attempt[];
}

export type Attempt =
  | ItemAttempt
  | 'write across partitions'
  | 'scan'
  | 'delete table'
  | 'send job'
  | 'receive job'
  | 'purge jobs'
  | 'job queue depth'
  | 'send dead letter'
  | 'receive dead letter'
  | 'store item'
  | 'load item'
  | 'list items'
  | 'delete item'
  | 'store elsewhere'
  | 'invoke scheduler'
  | 'invoke reader'
  | 'invoke control'
  | 'invoke autoscaler'
  | 'scale consumer'
  | 'read concurrency'
  | 'limit mapping'
  | 'read mapping'
  | 'read code';

export async function handler({
  table,
  jobs,
  deadLetters,
  items,
  functions,
  mapping,
  attempts,
}: Question): Promise<Record<string, string>> {
  const dynamo = new DynamoDBClient({});
  const sqs = new SQSClient({});
  const lambda = new LambdaClient({});
  const s3 = new S3Client({ forcePathStyle: true });
  const object = { Bucket: items, Key: 'once/probe' };
  const calls: Record<Attempt, () => Promise<unknown>> = {
    ...itemCalls(dynamo, table),
    // A transaction as in a worker's count: permission for one item must not cover another item of the transaction.
    'write across partitions': () =>
      dynamo.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: table, Item: keyOf('messages') } },
            { Put: { TableName: table, Item: keyOf('schedule') } },
          ],
        }),
      ),
    scan: () => dynamo.send(new ScanCommand({ TableName: table })),
    'delete table': () => dynamo.send(new DeleteTableCommand({ TableName: table })),
    'send job': () => sqs.send(new SendMessageCommand({ QueueUrl: jobs, MessageBody: 'probe' })),
    'receive job': () => sqs.send(new ReceiveMessageCommand({ QueueUrl: jobs, VisibilityTimeout: 0 })),
    'purge jobs': () => sqs.send(new PurgeQueueCommand({ QueueUrl: jobs })),
    'job queue depth': () =>
      sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: jobs, AttributeNames: ['ApproximateNumberOfMessages'] }),
      ),
    'send dead letter': () =>
      sqs.send(new SendMessageCommand({ QueueUrl: deadLetters, MessageBody: 'probe' })),
    'receive dead letter': () =>
      sqs.send(new ReceiveMessageCommand({ QueueUrl: deadLetters, VisibilityTimeout: 0 })),
    'store item': () => s3.send(new PutObjectCommand({ ...object, Body: 'probe' })),
    'load item': () =>
      s3.send(new GetObjectCommand(object)).catch((error) => {
        // Only who may read objects is told that there is none.
        if (error.name !== 'NoSuchKey') throw error;
      }),
    'list items': () => s3.send(new ListObjectsV2Command({ Bucket: items })),
    'delete item': () => s3.send(new DeleteObjectCommand(object)),
    'store elsewhere': () => s3.send(new PutObjectCommand({ ...object, Key: 'probe', Body: 'probe' })),
    'invoke reader': () => lambda.send(new InvokeCommand({ FunctionName: functions.reader })),
    'invoke autoscaler': () => lambda.send(new InvokeCommand({ FunctionName: functions.autoscaler })),
    'invoke scheduler': () => lambda.send(new InvokeCommand({ FunctionName: functions.scheduler })),
    'invoke control': () => lambda.send(new InvokeCommand({ FunctionName: functions.control })),
    'scale consumer': () =>
      lambda.send(
        new PutFunctionConcurrencyCommand({
          FunctionName: functions.consumer,
          ReservedConcurrentExecutions: 1,
        }),
      ),
    'read concurrency': () =>
      lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: functions.consumer })),
    'limit mapping': () =>
      lambda.send(
        new UpdateEventSourceMappingCommand({ UUID: mapping, ScalingConfig: { MaximumConcurrency: 2 } }),
      ),
    'read mapping': () => lambda.send(new GetEventSourceMappingCommand({ UUID: mapping })),
    'read code': () => lambda.send(new GetFunctionCommand({ FunctionName: functions.consumer })),
  };
  const answers: Record<string, string> = {};
  for (const attempt of attempts) {
    answers[attempt] = await calls[attempt]().then(
      () => 'allowed',
      (error: Error) =>
        /AccessDenied|NotAuthorized/.test(error.name) ? 'refused' : `${error.name}: ${error.message}`,
    );
  }
  return answers;
}

function keyOf(partition: Partition) {
  const { pk, sk } = ITEMS[partition];
  return { pk: { S: pk }, sk: { S: sk } };
}

function itemCalls(dynamo: DynamoDBClient, TableName: string) {
  const calls = ITEM_ATTEMPTS.map((attempt) => {
    const [verb, partition] = attempt.split(' ') as [Verb, Partition];
    const Key = keyOf(partition);
    const commands = {
      read: () => dynamo.send(new GetItemCommand({ TableName, Key })),
      list: () =>
        dynamo.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
            ExpressionAttributeValues: { ':pk': Key.pk, ':sk': Key.sk },
          }),
        ),
      put: () => dynamo.send(new PutItemCommand({ TableName, Item: Key })),
      update: () => dynamo.send(new UpdateItemCommand({ TableName, Key })),
      delete: () => dynamo.send(new DeleteItemCommand({ TableName, Key })),
    };
    return [attempt, commands[verb]];
  });
  return Object.fromEntries(calls) as Record<ItemAttempt, () => Promise<unknown>>;
}
