import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, expect, test } from 'vitest';
import { type Table, type TransactionWrite, transact } from '../../functions/core/ledger/table.ts';
import { contents, describeBackEnds, makeTable } from './back-ends.ts';
import { add, keyOf, PK, put, update } from './writes.ts';

/**
 * Where the two differ, each as it was observed; docs/reliability.md says which one AWS's documentation supports. When
 * a new version of either changes its mind, this fails, and the docs are to follow.
 */
const OUTCOMES: {
  what: string;
  writes: (table: Table) => TransactionWrite[];
  ministack: string;
  'DynamoDB Local': string;
}[] = [
  {
    what: 'an update whose operand has the wrong type',
    writes: (table) => [update(table, 'A', 'ADD word :one', { ':one': 1 }), add(table, 'B', 1)],
    ministack: 'TransactionCanceledException',
    'DynamoDB Local': 'ValidationException',
  },
  {
    what: 'an update that makes an item too large',
    writes: (table) => [update(table, 'A', 'SET much = :much', { ':much': 'x'.repeat(400 * 1024) })],
    ministack: 'TransactionCanceledException',
    'DynamoDB Local': 'ValidationException',
  },
  {
    what: 'an update that names a reserved word',
    writes: (table) => [update(table, 'A', 'SET count = :one', { ':one': 1 })],
    ministack: 'TransactionCanceledException',
    'DynamoDB Local': 'ValidationException',
  },
  {
    what: 'a sort key of more than 1024 bytes',
    writes: (table) => [put(table, 'k'.repeat(1025))],
    ministack: 'ValidationException',
    'DynamoDB Local': 'TransactionCanceledException',
  },
  {
    what: 'an update of a key',
    writes: (table) => [update(table, 'A', 'SET pk = :other', { ':other': 'Q' })],
    ministack: 'written',
    'DynamoDB Local': 'TransactionCanceledException',
  },
  {
    what: 'an update that says SET twice',
    writes: (table) => [update(table, 'A', 'SET a = :one SET b = :one', { ':one': 1 })],
    ministack: 'written',
    'DynamoDB Local': 'ValidationException',
  },
  {
    what: 'an update that changes an attribute twice',
    writes: (table) => [update(table, 'A', 'SET a = :one ADD a :one', { ':one': 1 })],
    ministack: 'written',
    'DynamoDB Local': 'ValidationException',
  },
  {
    what: 'a transaction whose items are less than 4 MB, but more as JSON',
    writes: (table) => [1, 2, 3, 4].map((at) => put(table, `BIG#${at}`, { text: 'é'.repeat(190_000) })),
    ministack: 'ValidationException',
    'DynamoDB Local': 'written',
  },
  {
    what: 'half of a surrogate pair',
    writes: (table) => [put(table, 'B', { text: '\ud800' })],
    ministack: 'Unavailable',
    'DynamoDB Local': 'written',
  },
];

describeBackEnds((backEnd) => {
  let table: Table;

  beforeEach(async () => {
    table = await makeTable(backEnd);
    await transact(table, [put(table, 'A', { word: 'x' })]);
  });

  test.each(OUTCOMES.map((outcome) => [outcome.what, outcome] as const))(
    '%s',
    async (_what, { writes, ...expected }) => {
      const before = await contents(table);
      const outcome = await transact(table, writes(table)).then(
        () => 'written',
        (error: Error) => error.name,
      );
      expect(outcome).toBe(expected[backEnd.name]);
      if (outcome !== 'written') expect(await contents(table)).toEqual(before);
    },
  );

  test('a page of a Query', async () => {
    for (const at of [1, 2, 3, 4])
      await transact(table, [put(table, `BIG#${at}`, { text: 'x'.repeat(390_000) })]);
    const page = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': PK, ':prefix': 'BIG#' },
      }),
    );
    // Two are 780 kB, three are 1,170 kB.
    const count = { ministack: 2, 'DynamoDB Local': 3 }[backEnd.name];
    expect(page).toMatchObject({ Count: count, LastEvaluatedKey: keyOf(`BIG#${count}`) });
  });
});
