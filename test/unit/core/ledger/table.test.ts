import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { ConditionFailed, Unavailable } from '../../../../functions/core/errors.ts';
import { type Table, transact } from '../../../../functions/core/ledger/table.ts';

const cancelled = (...codes: string[]) =>
  new TransactionCanceledException({
    message: `Transaction cancelled [${codes.join(', ')}]`,
    CancellationReasons: codes.map((Code) => ({ Code })),
    $metadata: {},
  });

const WRITE = { Put: { TableName: 'ledger', Item: { pk: 'A', sk: 'A' } } };

/** A table whose calls fail one after the other with these, and then go well. */
function failing(...errors: Error[]) {
  let calls = 0;
  const send = async () => {
    const error = errors[calls++];
    if (error) throw error;
    return {};
  };
  const table: Table = { name: 'ledger', client: { send } as unknown as Table['client'], conflictDelayMs: 1 };
  return { table, calls: () => calls };
}

test.each([
  ['another transaction’s sake', cancelled('None', 'TransactionConflict')],
  ['throttling', cancelled('ThrottlingError', 'None')],
  ['a partition that is full', cancelled('None', 'ProvisionedThroughputExceeded')],
  ['a write under way', Object.assign(new Error('conflict'), { name: 'TransactionConflictException' })],
])('a transaction that is cancelled for %s is tried again', async (_why, error) => {
  const { table, calls } = failing(error, error);
  await transact(table, [WRITE]);
  expect(calls()).toBe(3);
});

test('it is not tried for ever', async () => {
  const { table, calls } = failing(...Array.from({ length: 9 }, () => cancelled('TransactionConflict')));
  await expect(transact(table, [WRITE])).rejects.toThrow(Unavailable);
  expect(calls()).toBe(6);
});

test('what a condition refuses is refused at once', async () => {
  const { table, calls } = failing(cancelled('None', 'ConditionalCheckFailed'));
  await expect(transact(table, [WRITE])).rejects.toMatchObject({ at: [1] });
  await expect(transact(failing(cancelled('ConditionalCheckFailed')).table, [WRITE])).rejects.toThrow(
    ConditionFailed,
  );
  expect(calls()).toBe(1);
});

test('what the SDK has tried again by itself is not', async () => {
  const { table, calls } = failing(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
  await expect(transact(table, [WRITE])).rejects.toThrow(Unavailable);
  expect(calls()).toBe(1);
});
