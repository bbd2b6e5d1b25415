import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import pRetry from 'p-retry';
import { abortAt, awsCall } from '../aws-call.ts';
import { Unavailable } from '../model/errors.ts';

/** The ledger's DynamoDB table. Its keys are the strings `pk` and `sk`. Its TTL attribute is `expiresAt`, in seconds. */
export interface Table {
  name: string;
  client: Pick<DynamoDBDocumentClient, 'send'>;
  /** First delay before a transaction is tried again that conflicted with another one, in milliseconds. */
  conflictDelayMs: number;
  /** When calls are aborted, in milliseconds since 1970. Without it there is no deadline. */
  deadline?: () => number;
}

/** Maximum writes per transaction (DynamoDB quota). */
export const MAX_TRANSACTION_WRITES = 100;

/**
 * Maximum retries of a transaction that was cancelled because of a concurrent one. The SDK retries throttled calls but
 * not cancelled transactions ("DynamoDB transactions: how it works", transaction conflict handling). Five retries take
 * at most two seconds, which a worker reserves for writing.
 */
const MAX_RETRIES = 5;

export type TransactionWrite = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
export type Item = Record<string, unknown>;
export interface Key {
  pk: string;
  sk: string;
}

/**
 * Writes all or nothing. Tries again if the transaction conflicts with another one.
 * @param writes at most `MAX_TRANSACTION_WRITES`
 * @throws ConditionFailed when a write's condition does not hold; nothing was written
 * @throws Unavailable when DynamoDB throttles or does not answer. The transaction may have been written; if so, its
 *   conditions fail when it is tried again.
 */
export async function transact(table: Table, writes: TransactionWrite[]): Promise<void> {
  await pRetry(
    () =>
      awsCall('ledger', () =>
        table.client.send(new TransactWriteCommand({ TransactItems: writes }), abortAt(table.deadline)),
      ),
    {
      retries: MAX_RETRIES,
      minTimeout: table.conflictDelayMs,
      maxTimeout: table.conflictDelayMs * 20,
      randomize: true,
      maxRetryTime: table.deadline ? Math.max(0, table.deadline() - Date.now()) : Number.POSITIVE_INFINITY,
      shouldRetry: ({ error }) => error instanceof Unavailable && error.momentary,
    },
  );
}

/** An update of one item, as a write of `transact`. */
export function updateWrite(
  table: Table,
  key: Key,
  update: Omit<NonNullable<TransactionWrite['Update']>, 'TableName' | 'Key'>,
): TransactionWrite {
  return { Update: { TableName: table.name, Key: key, ...update } };
}

/** Reads one item, strongly consistent; undefined if there is none. @throws Unavailable */
export async function readItem(table: Table, key: Key): Promise<Item | undefined> {
  const answer = await awsCall('ledger', () =>
    table.client.send(
      new GetCommand({ TableName: table.name, Key: key, ConsistentRead: true }),
      abortAt(table.deadline),
    ),
  );
  return answer.Item;
}

/**
 * Reads the items of a partition whose sort key starts with `prefix`, in the order of the sort key, page by page.
 * @param options `limit`: maximum number of items; `behind`: a sort key with the prefix, of an item that may not exist: only
 *   the items that follow it in the order are read
 * @throws Unavailable
 */
export async function* queryItems(
  table: Table,
  pk: string,
  prefix: string,
  options: { newestFirst?: boolean; limit?: number; behind?: string } = {},
): AsyncGenerator<Item> {
  let remaining = options.limit ?? Number.POSITIVE_INFINITY;
  let start: Record<string, unknown> | undefined = options.behind ? { pk, sk: options.behind } : undefined;
  do {
    const page = await awsCall('ledger', () =>
      table.client.send(
        new QueryCommand({
          TableName: table.name,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
          ConsistentRead: true,
          ScanIndexForward: !options.newestFirst,
          ...(start && { ExclusiveStartKey: start }),
          ...(Number.isFinite(remaining) && { Limit: remaining }),
        }),
        abortAt(table.deadline),
      ),
    );
    yield* page.Items ?? [];
    remaining -= page.Items?.length ?? 0;
    start = page.LastEvaluatedKey;
  } while (start && remaining > 0);
}

/** A page of a list, and the last element of it if there are more. */
export interface Page<Element> {
  elements: Element[];
  last?: Element;
}

/** Takes a page of up to `size` elements. One more is read, to know whether a page follows. */
export async function pageOf<Element>(
  read: (limit: number) => AsyncIterable<Element>,
  size: number,
): Promise<Page<Element>> {
  const elements: Element[] = [];
  for await (const element of read(size + 1)) elements.push(element);
  const last = elements.length > size ? elements[size - 1] : undefined;
  return { elements: elements.slice(0, size), ...(last !== undefined && { last }) };
}

/** Reads the last item of a partition whose sort key lies in a range, inclusive; undefined if there is none. @throws Unavailable */
export async function readLast(
  table: Table,
  pk: string,
  from: string,
  to: string,
): Promise<Item | undefined> {
  const page = await awsCall('ledger', () =>
    table.client.send(
      new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': pk, ':from': from, ':to': to },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: 1,
      }),
      abortAt(table.deadline),
    ),
  );
  return page.Items?.[0];
}
