import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import pRetry from 'p-retry';
import { awsCall } from '../aws-call.ts';
import { Unavailable } from '../model/errors.ts';

/** The DynamoDB table that the ledger lies in. Keys: `pk` and `sk`, strings; `expiresAt`, seconds, is its TTL. */
export interface Table {
  name: string;
  client: Pick<DynamoDBDocumentClient, 'send'>;
  /** How long to wait, at first, before a transaction that met another one is tried again, in milliseconds. */
  conflictDelayMs: number;
  /** When a call must have its answer, milliseconds since 1970: what has none by then has failed. Never unless given. */
  deadline?: () => number;
}

/** The most writes that one transaction takes (DynamoDB's quota). */
export const MAX_TRANSACTION_WRITES = 100;

/**
 * How often a transaction that was cancelled for its neighbours' sake is tried again. The SDK does not: it retries
 * throttled calls, and not cancelled transactions ("DynamoDB transactions: how it works", transaction conflict
 * handling). Five retries wait for at most two seconds, which a worker keeps for writing.
 */
const RETRIES = 5;

export type TransactionWrite = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
export type Item = Record<string, unknown>;
export interface Key {
  pk: string;
  sk: string;
}

/**
 * Writes all or nothing. Another transaction on the same items is waited out.
 * @throws ConditionFailed when a write's condition does not hold; nothing was written
 * @throws Unavailable when DynamoDB throttles or does not answer; then it may or may not have been written, which
 *   the conditions find out when it is tried again
 */
export async function transact(table: Table, writes: TransactionWrite[]): Promise<void> {
  await pRetry(
    () =>
      awsCall('ledger', () =>
        table.client.send(new TransactWriteCommand({ TransactItems: writes }), inTime(table)),
      ),
    {
      retries: RETRIES,
      minTimeout: table.conflictDelayMs,
      maxTimeout: table.conflictDelayMs * 20,
      randomize: true,
      maxRetryTime: table.deadline ? Math.max(0, table.deadline() - Date.now()) : Number.POSITIVE_INFINITY,
      shouldRetry: ({ error }) => error instanceof Unavailable && error.momentary,
    },
  );
}

/** Reads one item, as it is now and not as it was a moment ago. @throws Unavailable */
export async function readItem(table: Table, key: Key): Promise<Item | undefined> {
  const answer = await awsCall('ledger', () =>
    table.client.send(
      new GetCommand({ TableName: table.name, Key: key, ConsistentRead: true }),
      inTime(table),
    ),
  );
  return answer.Item;
}

/** Reads a partition's items whose sort key starts with `prefix`, in its order, page by page. @throws Unavailable */
export async function* queryItems(
  table: Table,
  pk: string,
  prefix: string,
  order: { newestFirst?: boolean; limit?: number } = {},
): AsyncGenerator<Item> {
  let left = order.limit ?? Number.POSITIVE_INFINITY;
  let start: Record<string, unknown> | undefined;
  do {
    const page = await awsCall('ledger', () =>
      table.client.send(
        new QueryCommand({
          TableName: table.name,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
          ConsistentRead: true,
          ScanIndexForward: !order.newestFirst,
          ...(start && { ExclusiveStartKey: start }),
          ...(Number.isFinite(left) && { Limit: left }),
        }),
        inTime(table),
      ),
    );
    yield* page.Items ?? [];
    left -= page.Items?.length ?? 0;
    start = page.LastEvaluatedKey;
  } while (start && left > 0);
}

/** Has the SDK give up at the deadline, its own retries included. */
function inTime({ deadline }: Table): { abortSignal?: AbortSignal } {
  return deadline ? { abortSignal: AbortSignal.timeout(Math.max(1, deadline() - Date.now())) } : {};
}
