import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, expect, test } from 'vitest';
import { type Table, type TransactionWrite, transact } from '../../functions/core/ledger/table.ts';
import { contents, describeBackEnds, makeTable } from './back-ends.ts';
import { add, keyOf, PK, put, update } from './writes.ts';

/**
 * Where the back ends differ, as observed; docs/reliability.md says which one AWS's documentation supports. If a new
 * version of ministack or DynamoDB Local changes, this test fails and the docs must follow.
 */
const CANCELLED = 'TransactionCanceledException';
const REFUSED = 'ValidationException';
type Difference = [
  what: string,
  writes: (table: Table) => TransactionWrite[],
  ministack: string,
  local: string,
  inMemory: string,
];

/** An update of item A, whose `word` is a string. */
const updateA = (expression: string, values: Record<string, unknown>) => (table: Table) => [
  update(table, 'A', expression, values),
  add(table, 'B', 1),
];
const one = { ':one': 1 };
const tooLong = { ':payload': 'x'.repeat(400 * 1024) };
const [updateTooLarge, changedTwice] = [
  updateA('SET payload = :payload', tooLong),
  updateA('SET a = :one ADD a :one', one),
];
const longSortKey = (table: Table) => [put(table, 'k'.repeat(1025))];
const halfPair = (table: Table) => [put(table, 'B', { text: '\ud800' })];
const fourLarge = (table: Table) =>
  [1, 2, 3, 4].map((at) => put(table, `BIG#${at}`, { text: 'é'.repeat(190_000) }));

const DIFFERENCES: Difference[] = [
  ['an update whose operand has the wrong type', updateA('ADD word :one', one), CANCELLED, REFUSED, REFUSED],
  ['an update that makes an item too large', updateTooLarge, CANCELLED, REFUSED, REFUSED],
  ['an update that names a reserved word', updateA('SET count = :one', one), CANCELLED, REFUSED, REFUSED],
  ['a sort key of more than 1024 bytes', longSortKey, REFUSED, CANCELLED, REFUSED],
  ['an update of a key', updateA('SET pk = :q', { ':q': 'Q' }), 'written', CANCELLED, REFUSED],
  ['an update that says SET twice', updateA('SET a = :one SET b = :one', one), 'written', REFUSED, REFUSED],
  ['an update that changes an attribute twice', changedTwice, 'written', REFUSED, REFUSED],
  ['a transaction of less than 4 MB that is larger as JSON', fourLarge, REFUSED, 'written', 'written'],
  ['half of a surrogate pair', halfPair, 'Unavailable', 'written', REFUSED],
];

describeBackEnds((backEnd) => {
  let table: Table;

  beforeEach(async () => {
    table = await makeTable(backEnd);
    await transact(table, [put(table, 'A', { word: 'x' })]);
  });

  test.each(DIFFERENCES)('%s', async (_what, writes, ministack, local, inMemory) => {
    const before = await contents(table);
    const outcome = await transact(table, writes(table)).then(
      () => 'written',
      (error: Error) => error.name,
    );
    expect(outcome).toBe({ ministack, 'DynamoDB Local': local, 'in memory': inMemory }[backEnd.name]);
    if (outcome !== 'written') expect(await contents(table)).toEqual(before);
  });

  test('a page of a Query', async () => {
    for (const at of [1, 2, 3, 4])
      await transact(table, [put(table, `BIG#${at}`, { text: 'x'.repeat(390_000) })]);
    const page = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': PK, ':prefix': 'BIG#' },
        ConsistentRead: true,
      }),
    );
    // Two are 780 kB, three are 1,170 kB.
    const count = { ministack: 2, 'DynamoDB Local': 3, 'in memory': 3 }[backEnd.name];
    expect(page).toMatchObject({ Count: count, LastEvaluatedKey: keyOf(`BIG#${count}`) });
  });
});
