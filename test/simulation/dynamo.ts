import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  GetCommand,
  type GetCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { condition, Invalid, type Item, update, type Values } from './dynamo-expression.ts';

type Write = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** DynamoDB's own bounds, which a simulation makes small so that a small world meets them. */
export interface DynamoLimits {
  /** Writes in a transaction. */
  writes: number;
  /** Items in a page of a query; DynamoDB says 1 MB. */
  page: number;
}

export const AWS_LIMITS: DynamoLimits = { writes: 100, page: 1_000 };

/** DynamoDB's quotas for an item, a transaction and a sort key, in bytes. */
const MAX_ITEM_BYTES = 400 * 1024;
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
const MAX_SORT_KEY_BYTES = 1024;

interface Versions {
  /** What the item is, by all transactions that have been accepted. */
  now: Item | undefined;
  /** What a strongly consistent read answers: not `now` while a transaction is being carried out. */
  shown: Item | undefined;
  /** What a read may answer that did not ask for consistency. */
  before: Item | undefined;
}

/** What happens to a transaction besides its own conditions. */
export interface Contention {
  /** Its items change one after the other; readers meet it half done, and other writers conflict with it. */
  slow?: boolean;
  /** DynamoDB throttles this one of its items, counted round, and cancels the transaction. */
  throttled?: number;
}

/**
 * DynamoDB in memory, one table with `pk` and `sk`, as weak as AWS documents it ("DynamoDB transactions: how it works",
 * isolation levels and conflicts): a Query is read-committed beside a transaction, item by item; a write to an item
 * that a transaction is changing is cancelled with TransactionConflict; throttling one item cancels the whole. AWS
 * orders a GetItem with each transaction, but says nothing of two reads of two items: these see item by item, too.
 */
export class Dynamo {
  readonly #partitions = new Map<string, Map<string, Versions>>();
  /** Changes of items that a slow transaction has yet to make, by their keys. The order is the schedule's. */
  readonly unfinished = new Map<string, () => void>();
  /** Counts the writes, for those who want to look again only when something changed. */
  changes = 0;
  /** Counts the transactions that were cancelled for another one's sake, or throttled. */
  cancelled = 0;

  constructor(readonly limits: DynamoLimits = AWS_LIMITS) {}

  execute(command: unknown, contention: Contention = {}): unknown {
    if (command instanceof GetCommand) return this.#get(command.input);
    if (command instanceof QueryCommand) return this.#query(command.input);
    if (command instanceof ScanCommand)
      return { Items: this.partitions('').flatMap((pk) => [...this.peek(pk)].map(clone)) };
    if (command instanceof TransactWriteCommand) return this.#transact(command.input, contention);
    throw new Error(`no such command here: ${(command as object).constructor.name}`);
  }

  /** Carries out all that slow transactions have begun. */
  finish(): void {
    for (const change of [...this.unfinished.values()]) change();
  }

  /** What a partition holds at this moment, in the order of its sort keys. For the invariants, not for the system. */
  *peek(pk: string, prefix = ''): Generator<Item> {
    const partition = this.#partitions.get(pk);
    for (const sk of [...(partition?.keys() ?? [])].sort()) {
      const item = partition?.get(sk)?.now;
      if (item && sk.startsWith(prefix)) yield item;
    }
  }

  partitions(prefix: string): string[] {
    return [...this.#partitions.keys()].filter((pk) => pk.startsWith(prefix));
  }

  /** Forgets an item as TTL does. */
  expire(pk: string): void {
    this.#partitions.delete(pk);
    this.changes++;
  }

  #get({ Key, ConsistentRead }: GetCommandInput): { Item?: Item } {
    const { pk, sk } = keyOf(Key);
    const versions = this.#partitions.get(pk)?.get(sk);
    const item = ConsistentRead ? versions?.shown : versions?.before;
    return item ? { Item: clone(item) } : {};
  }

  #query(input: QueryCommandInput): { Items: Item[]; Count: number; LastEvaluatedKey?: Item } {
    if (input.KeyConditionExpression !== 'pk = :pk AND begins_with(sk, :prefix)')
      throw new Invalid(`no such key condition here: ${input.KeyConditionExpression}`);
    const { ':pk': pk, ':prefix': prefix } = input.ExpressionAttributeValues as Record<string, string>;
    if (!pk || !prefix)
      throw new Invalid('The AttributeValue for a key attribute cannot contain an empty string value');
    const partition = this.#partitions.get(pk) ?? new Map<string, Versions>();
    const version = input.ConsistentRead ? 'shown' : 'before';
    const keys = [...partition.keys()]
      .filter((sk) => sk.startsWith(prefix) && partition.get(sk)?.[version])
      .sort();
    if (input.ScanIndexForward === false) keys.reverse();
    const after = input.ExclusiveStartKey?.sk as string | undefined;
    const behind = (sk: string) =>
      after === undefined || (input.ScanIndexForward === false ? sk < after : sk > after);
    const size = Math.min(input.Limit ?? Number.POSITIVE_INFINITY, this.limits.page);
    const page = keys.filter(behind).slice(0, size);
    const last = page.at(-1);
    return {
      Count: page.length,
      Items: page.map((sk) => clone(partition.get(sk)?.[version] as Item)),
      // A full page has a next one to ask for, even when that is empty.
      ...(page.length === size && last !== undefined && { LastEvaluatedKey: { pk, sk: last } }),
    };
  }

  #transact(
    { TransactItems: writes = [] }: TransactWriteCommandInput,
    { slow, throttled }: Contention,
  ): object | Promise<object> {
    if (writes.length === 0 || writes.length > this.limits.writes)
      throw new Invalid(`TransactItems: ${writes.length} writes, allowed are 1 to ${this.limits.writes}`);
    const planned = writes.map((write) => this.#plan(write));
    if (new Set(planned.map(({ pk, sk }) => nameOf(pk, sk))).size < planned.length)
      throw new Invalid('Transaction request cannot include multiple operations on one item');
    const codes = planned.map(({ pk, sk, holds }, at) => {
      if (this.unfinished.has(nameOf(pk, sk))) return 'TransactionConflict';
      if (throttled !== undefined && throttled % planned.length === at) return 'ThrottlingError';
      return holds ? 'None' : 'ConditionalCheckFailed';
    });
    if (codes.some((code) => code !== 'None')) {
      if (!codes.includes('ConditionalCheckFailed')) this.cancelled++;
      throw new TransactionCanceledException({
        message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(', ')}]`,
        CancellationReasons: codes.map((Code) => ({ Code })),
        $metadata: { httpStatusCode: 400 },
      });
    }
    const after = planned.map((write) => ({ ...write, item: write.make() }));
    if (after.reduce((sum, { item }) => sum + sizeOf(item), 0) > MAX_TRANSACTION_BYTES)
      throw new Invalid('the transaction is larger than 4 MB');
    this.changes++;
    const changed = after.filter(({ checks }) => !checks);
    const shows = changed.map(({ pk, sk, item }) => this.#store(pk, sk, item));
    if (!slow || changed.length < 2) {
      for (const show of shows) show();
      return {};
    }
    const shown = changed.map(
      ({ pk, sk }, at) =>
        new Promise<void>((resolve) => {
          const name = nameOf(pk, sk);
          this.unfinished.set(name, () => {
            this.unfinished.delete(name);
            shows[at]?.();
            resolve();
          });
        }),
    );
    return Promise.all(shown).then(() => ({}));
  }

  /** The item is what it is; it shows when what this returns is called. */
  #store(pk: string, sk: string, item: Item | undefined): () => void {
    const partition = this.#partitions.get(pk) ?? new Map<string, Versions>();
    this.#partitions.set(pk, partition);
    const shown = partition.get(sk)?.shown;
    partition.set(sk, { now: item, shown, before: shown });
    return () => partition.set(sk, { now: item, shown: item, before: shown });
  }

  /** What a write comes to, the table being as it is. */
  #plan({ Put, Update, Delete, ConditionCheck }: Write) {
    const request = Put ?? Update ?? Delete ?? ConditionCheck;
    if (!request) throw new Invalid('a write of no kind');
    const { pk, sk } = keyOf(Put ? Put.Item : (Update ?? Delete ?? ConditionCheck)?.Key);
    const before = this.#partitions.get(pk)?.get(sk)?.now;
    const values = clone((request.ExpressionAttributeValues ?? {}) as Values);
    const { ConditionExpression } = request;
    const test = ConditionExpression === undefined ? undefined : condition(ConditionExpression);
    const change = Update ? update(Update.UpdateExpression ?? '') : undefined;
    for (const name of [...(test?.uses ?? []), ...(change?.uses ?? [])])
      if (values[name] === undefined) throw new Invalid(`Expression attribute value ${name} is not defined`);
    for (const name of Object.keys(values)) {
      if (!test?.uses.has(name) && !change?.uses.has(name))
        throw new Invalid(`Value provided in ExpressionAttributeValues unused in expressions: ${name}`);
      if (values[name] instanceof Set && (values[name] as Set<unknown>).size === 0)
        throw new Invalid('One or more parameter values were invalid: An string set may not be empty');
    }
    return {
      pk,
      sk,
      checks: ConditionCheck !== undefined,
      holds: test?.apply(before, values) ?? true,
      make: (): Item | undefined => {
        if (Delete || ConditionCheck) return undefined;
        const item = Put ? clone(Put.Item as Item) : { pk, sk, ...change?.apply(before, values) };
        if (item.pk !== pk || item.sk !== sk) throw new Invalid('a key attribute can’t be updated');
        if (sizeOf(item) > MAX_ITEM_BYTES)
          throw new Invalid('Item size has exceeded the maximum allowed size');
        return item;
      },
    };
  }
}

function nameOf(pk: string, sk: string): string {
  return JSON.stringify([pk, sk]);
}

function keyOf(key: Item | undefined): { pk: string; sk: string } {
  const { pk, sk } = key ?? {};
  if (typeof pk !== 'string' || typeof sk !== 'string')
    throw new Invalid('The provided key element does not match the schema');
  if (pk === '' || sk === '')
    throw new Invalid('The AttributeValue for a key attribute cannot contain an empty string');
  if (Buffer.byteLength(sk) > MAX_SORT_KEY_BYTES) throw new Invalid('the sort key exceeds 1024 bytes');
  return { pk, sk };
}

/** A copy as marshalling makes it: what is undefined is not there, what is no number is refused. */
function clone<T>(value: T): T {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Invalid(`no number: ${value}`);
  if (typeof value === 'string' && LONE_SURROGATE.test(value)) throw new Invalid('a string is not UTF-8');
  if (value instanceof Set) return new Set(value) as T;
  if (Array.isArray(value)) return value.map(clone) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Item = {};
  for (const [name, inner] of Object.entries(value)) if (inner !== undefined) copy[name] = clone(inner);
  return copy as T;
}

const LONE_SURROGATE = /\p{Cs}/u;

/** An item's size in bytes as DynamoDB counts it; a number counts as at most 8 bytes here. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return 8;
  if (value instanceof Set || Array.isArray(value))
    return [...value].reduce((sum, element) => sum + 1 + sizeOf(element), 3);
  if (typeof value !== 'object' || value === null) return 1;
  return Object.entries(value).reduce(
    (sum, [name, inner]) => sum + Buffer.byteLength(name) + sizeOf(inner),
    0,
  );
}
