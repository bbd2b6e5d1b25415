import type { RecordedMessage } from '../../functions/core/ledger/message-records.ts';
import type { Key, Table, TransactionWrite } from '../../functions/core/ledger/table.ts';
import { newRecord } from '../../functions/core/model/message-record.ts';
import { messageFrom } from '../fixtures/ledger.ts';

export const SCHEDULE_KEY = { pk: 'SCHEDULE', sk: 'SCHEDULE' };

/** A message of ten jobs that has no record, as far as the writer knows. */
export function unrecorded(at = 0): RecordedMessage {
  const message = messageFrom(at * 10 + 1);
  return { message, record: newRecord(message) };
}

/** The record when all its jobs are processed. */
export const processed = ({ record }: RecordedMessage) =>
  record.pending.length === 0 ? record : { ...record, pending: [] };

/** The partition of the tests' items. */
export const PK = 'P';

type Attributes = Record<string, unknown>;
type Options = Omit<NonNullable<TransactionWrite['Put']>, 'TableName' | 'Item'>;

export const keyOf = (sk: string): Key => ({ pk: PK, sk });

export function put(
  { name }: Table,
  sk: string,
  attributes: Attributes = {},
  options: Options = {},
): TransactionWrite {
  return { Put: { TableName: name, Item: { ...keyOf(sk), ...attributes }, ...options } };
}

/** Puts an item that must not exist. */
export function putNew(table: Table, sk: string, attributes: Attributes = {}): TransactionWrite {
  return put(table, sk, attributes, { ConditionExpression: 'attribute_not_exists(pk)' });
}

export function update(
  { name }: Table,
  sk: string,
  expression: string,
  values: Attributes,
): TransactionWrite {
  return {
    Update: {
      TableName: name,
      Key: keyOf(sk),
      UpdateExpression: expression,
      ExpressionAttributeValues: values,
    },
  };
}

/** Adds to an item's `amount`. */
export function add(table: Table, sk: string, amount: number): TransactionWrite {
  return update(table, sk, 'ADD amount :amount', { ':amount': amount });
}
