import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../core/ledger/table.ts';
import type { Queue } from '../core/queue/queue.ts';

/** Timeouts of a call, in milliseconds. A worker has seconds, not minutes. */
export const TIMEOUTS = { requestTimeout: 2_000, connectionTimeout: 1_000, throwOnRequestTimeout: true };

/** First delay after a transaction conflict, or after SQS did not accept an entry, in milliseconds. */
const RETRY_DELAY_MS = 25;

/**
 * Opens the ledger's table. Endpoint, region and credentials come from the standard AWS variables.
 * @param deadline when calls are aborted, in milliseconds since 1970; without it there is no deadline
 */
export function openTable(name: string, deadline?: () => number): Table {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler: TIMEOUTS }), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return { name, client, conflictDelayMs: RETRY_DELAY_MS, ...(deadline && { deadline }) };
}

/** SQS clients by `maxAttempts`. */
const sqsClients = new Map<number, SQSClient>();

/**
 * Opens a queue. Queues with the same `maxAttempts` share one client and its connections.
 * @param options `maxAttempts`: maximum number of times that the SDK sends a request
 */
export function openQueue(url: string, { maxAttempts = 3 }: { maxAttempts?: number } = {}): Queue {
  const client = sqsClients.get(maxAttempts) ?? new SQSClient({ requestHandler: TIMEOUTS, maxAttempts });
  sqsClients.set(maxAttempts, client);
  return { url, client, retryDelayMs: RETRY_DELAY_MS };
}

/**
 * Opens Lambda's API, for calls that the function can do without. A VPC may have no route to the API, and without a
 * short timeout the caller would wait until its own time limit.
 * @param timeouts other ones than `TIMEOUTS`, in milliseconds
 */
export function openLambda(timeouts: { requestTimeout?: number } = {}): LambdaClient {
  return new LambdaClient({ requestHandler: { ...TIMEOUTS, ...timeouts }, maxAttempts: 2 });
}
