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

/** DynamoDB's limits. A simulation reduces them, so that a few items reach them. */
export interface DynamoLimits {
  /** Maximum writes of a transaction. */
  writes: number;
  /** Maximum items in a page of a query. DynamoDB's limit is 1 MB instead. */
  page: number;
}

export const AWS_LIMITS: DynamoLimits = { writes: 100, page: 1_000 };

/** DynamoDB's quotas for an item, a transaction and a sort key, in bytes. */
const MAX_ITEM_BYTES = 400 * 1024;
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
const MAX_SORT_KEY_BYTES = 1024;

interface Versions {
  /** The item after all accepted transactions. */
  now: Item | undefined;
  /** What a strongly consistent read returns. Differs from `now` while a transaction is in progress. */
  shown: Item | undefined;
  /** What an eventually consistent read may return. */
  before: Item | undefined;
}

/** What else can happen to a transaction. */
export interface Contention {
  /** Its items change one after the other. Readers may see half of it, and other writers conflict with it. */
  slow?: boolean;
  /** DynamoDB throttles the item at this position (modulo the number of items) and cancels the transaction. */
  throttled?: number;
}

/** The key conditions of functions/core. */
const KEY_CONDITIONS: Record<string, (sk: string, values: Record<string, string>) => boolean> = {
  'pk = :pk AND begins_with(sk, :prefix)': (sk, { ':prefix': prefix = '' }) => sk.startsWith(prefix),
  'pk = :pk AND sk BETWEEN :from AND :to': (sk, { ':from': from = '', ':to': to = '' }) =>
    from <= sk && sk <= to,
};

/**
 * DynamoDB in memory: one table with `pk` and `sk`, with only the guarantees that AWS documents ("DynamoDB transactions:
 * how it works", isolation levels and conflicts). During a transaction, a Query is read-committed per item. A write to an
 * item that a transaction is changing is cancelled with TransactionConflict. Throttling one item cancels the whole
 * transaction. AWS serializes a GetItem with each transaction but does not specify two reads of two items: these may see
 * half of a transaction, too.
 */
export class Dynamo {
  readonly #partitions = new Map<string, Map<string, Versions>>();
  /** Changes of items that slow transactions have not made yet, by the items' keys. The schedule decides the order. */
  readonly unfinished = new Map<string, () => void>();
  /** Number of transactions, so that invariants are checked only after a change. */
  changes = 0;
  /** Number of transactions that were cancelled because of conflicts or throttling. */
  cancelled = 0;

  constructor(readonly limits: DynamoLimits = AWS_LIMITS) {}

  execute(command: unknown, contention: Contention = {}): unknown {
    if (command instanceof GetCommand) return this.#get(command.input);
    if (command instanceof QueryCommand) return this.#query(command.input);
    if (command instanceof ScanCommand)
      return { Items: this.partitions('').flatMap((pk) => [...this.peek(pk)].map(clone)) };
    if (command instanceof TransactWriteCommand) return this.#transact(command.input, contention);
    throw new Error(`the simulation has no command ${(command as object).constructor.name}`);
  }

  /** Completes all slow transactions. */
  finish(): void {
    for (const change of [...this.unfinished.values()]) change();
  }

  /** A partition's items, by sort key. Only for the invariants; the core must read by commands. */
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

  /** Removes a partition, as TTL does. */
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
    const isMatch = KEY_CONDITIONS[input.KeyConditionExpression ?? ''];
    if (!isMatch) throw new Invalid(`the simulation has no key condition ${input.KeyConditionExpression}`);
    const values = input.ExpressionAttributeValues as Record<string, string>;
    const { ':pk': pk } = values;
    if (!pk || Object.values(values).includes(''))
      throw new Invalid('The AttributeValue for a key attribute cannot contain an empty string value');
    const partition = this.#partitions.get(pk) ?? new Map<string, Versions>();
    const version = input.ConsistentRead ? 'shown' : 'before';
    const keys = [...partition.keys()]
      .filter((sk) => isMatch(sk, values) && partition.get(sk)?.[version])
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
      // A full page has a next page, even if that is empty.
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

  /** Stores an item. Readers see it when the returned function is called. */
  #store(pk: string, sk: string, item: Item | undefined): () => void {
    const partition = this.#partitions.get(pk) ?? new Map<string, Versions>();
    this.#partitions.set(pk, partition);
    const shown = partition.get(sk)?.shown;
    partition.set(sk, { now: item, shown, before: shown });
    return () => partition.set(sk, { now: item, shown: item, before: shown });
  }

  /** Validates a write and evaluates its condition. `make` returns the new item. */
  #plan({ Put, Update, Delete, ConditionCheck }: Write) {
    const request = Put ?? Update ?? Delete ?? ConditionCheck;
    if (!request) throw new Invalid('a write without an operation');
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

/** Copies a value as marshalling does: without undefined attributes; numbers must be finite. */
function clone<T>(value: T): T {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Invalid(`not a finite number: ${value}`);
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
