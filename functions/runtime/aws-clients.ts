import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../core/ledger/table.ts';
import type { Queue } from '../core/queue/queue.ts';

/** A call that has no answer by then has failed, in milliseconds: a worker has seconds, not minutes. */
export const TIMEOUTS = { requestTimeout: 2_000, connectionTimeout: 1_000, throwOnRequestTimeout: true };

/** First delay after a transaction met another one, or SQS did not take an entry, in milliseconds. */
const RETRY_DELAY_MS = 25;

/**
 * The ledger's table; endpoint, region and credentials come from the standard AWS variables.
 * @param deadline when a call must have its answer, milliseconds since 1970; never unless given
 */
export function openTable(name: string, deadline?: () => number): Table {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler: TIMEOUTS }), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return { name, client, conflictDelayMs: RETRY_DELAY_MS, ...(deadline && { deadline }) };
}

/** SQS clients by how often they send a request. */
const sqs = new Map<number, SQSClient>();

/**
 * A queue; those whose requests are sent as often share one client and its connections.
 * @param options `maxAttempts`: how often the SDK sends a request
 */
export function openQueue(url: string, { maxAttempts = 3 }: { maxAttempts?: number } = {}): Queue {
  const client = sqs.get(maxAttempts) ?? new SQSClient({ requestHandler: TIMEOUTS, maxAttempts });
  sqs.set(maxAttempts, client);
  return { url, client, retryDelayMs: RETRY_DELAY_MS };
}

/**
 * Lambda's own API, for functions that can do without its answer. In a VPC it may have no route to it, and a
 * connection that nobody answers would hold the caller until its time limit.
 */
export function openLambda(): LambdaClient {
  return new LambdaClient({ requestHandler: TIMEOUTS, maxAttempts: 2 });
}
