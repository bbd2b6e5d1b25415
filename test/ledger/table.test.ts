import { inspect } from 'node:util';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Item,
  MAX_TRANSACTION_WRITES,
  queryItems,
  readItem,
  type Table,
  type TransactionWrite,
  transact,
} from '../../functions/core/ledger/table.ts';
import { ConditionFailed } from '../../functions/core/model/errors.ts';
import { contents, describeBackEnds, forAnother, makeTable } from './back-ends.ts';
import { add, keyOf, PK, put, putNew, update } from './writes.ts';

/** DynamoDB's quotas, in bytes. */
const MAX_ITEM = 400 * 1024;
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;

const text = (bytes: number) => 'x'.repeat(bytes);
const many = (count: number, make: (at: number) => TransactionWrite) =>
  Array.from({ length: count }, (_, at) => make(at));
const sk = (at: number) => `ITEM#${String(at).padStart(3, '0')}`;

type Items = (Item | undefined)[];

/** Each kind of condition in the ledger: its values, items for which it holds, and items for which it fails. */
const CONDITIONS: [condition: string, values: Item | undefined, holds: Items, fails: Items][] = [
  ['attribute_not_exists(pk)', undefined, [undefined], [{}, { a: 1 }]],
  ['attribute_not_exists(a)', undefined, [undefined, {}, { b: 1 }], [{ a: 1 }, { a: '' }]],
  ['a = :a', { ':a': true }, [{ a: true }], [undefined, {}, { a: false }, { a: 'true' }, { a: 1 }]],
  [
    'a = :a AND b = :b',
    { ':a': 1, ':b': 'x' },
    [{ a: 1, b: 'x' }],
    [undefined, { a: 1 }, { b: 'x' }, { a: 1, b: 'y' }, { a: 2, b: 'x' }, { a: '1', b: 'x' }],
  ],
  ['attribute_not_exists(a) OR a = :a', { ':a': 1 }, [undefined, {}, { a: 1 }], [{ a: 2 }, { a: '1' }]],
  [
    '(a = :a OR b <= :b) AND c = :c',
    { ':a': 'me', ':b': 10, ':c': 1 },
    [
      { a: 'me', b: 11, c: 1 },
      { a: 'you', b: 10, c: 1 },
      { b: 9, c: 1 },
      { a: 'me', c: 1 },
    ],
    [undefined, { a: 'you', b: 11, c: 1 }, { a: 'me', b: 9, c: 2 }, { a: 'you', b: '9', c: 1 }, { c: 1 }],
  ],
  // Only the simulation's mutations compare like this.
  [
    'a <> :a AND (b < :b OR b > :b) AND c >= :c',
    { ':a': 1, ':b': 10, ':c': 1 },
    [
      { a: 2, b: 9, c: 1 },
      { a: 2, b: 11, c: 2 },
    ],
    [
      { a: 1, b: 9, c: 1 },
      { a: 2, b: 10, c: 1 },
      { a: 2, b: 9, c: 0 },
    ],
  ],
];

describeBackEnds((backEnd) => {
  let table: Table;

  beforeEach(async () => {
    table = await makeTable(backEnd);
  });

  const checkAbsent = (sk: string): TransactionWrite => {
    const ConditionExpression = 'attribute_not_exists(pk)';
    return { ConditionCheck: { TableName: table.name, Key: keyOf(sk), ConditionExpression } };
  };

  /** The error of a transaction that is refused and writes nothing. */
  async function refusal(writes: TransactionWrite[]): Promise<string> {
    const before = await contents(table);
    const error = await transact(table, writes).then(
      () => new Error('was not refused'),
      (error: Error) => error,
    );
    expect(await contents(table)).toEqual(before);
    return `${error.name}: ${error.message}`;
  }

  describe('a transaction', () => {
    test('executes all its writes', async () => {
      // An item may have attributes whose names are reserved in expressions.
      const reserved = { count: 1, status: 'x' };
      await transact(table, [
        put(table, 'A', { a: 1 }),
        put(table, 'GONE'),
        put(table, 'B', { b: 'x', ...reserved }),
      ]);
      await transact(table, [
        put(table, 'A', { b: 2 }),
        update(table, 'B', 'SET a = :a REMOVE b', { ':a': 1 }),
        { Delete: { TableName: table.name, Key: keyOf('GONE') } },
        checkAbsent('C'),
      ]);
      expect(await contents(table)).toEqual({
        'P/A': { ...keyOf('A'), b: 2 },
        'P/B': { ...keyOf('B'), a: 1, ...reserved },
      });
    });

    test('writes nothing when a condition fails, and tells which', async () => {
      await transact(table, [put(table, 'A'), put(table, 'C')]);
      const writes = [putNew(table, 'A'), putNew(table, 'B'), putNew(table, 'C'), add(table, 'D', 1)];
      await expect(transact(table, writes)).rejects.toEqual(new ConditionFailed([0, 2]));
      expect(Object.keys(await contents(table))).toEqual(expect.arrayContaining(['P/A', 'P/C']));
      expect(Object.keys(await contents(table))).toHaveLength(2);
    });

    test.each(CONDITIONS)(
      'is written only where its condition holds: %s',
      async (condition, values, holds, fails) => {
        for (const [at, item] of [...holds, ...fails].entries()) {
          if (item) await transact(table, [put(table, sk(at), item)]);
          const options = {
            ConditionExpression: condition,
            ...(values && { ExpressionAttributeValues: values }),
          };
          const written = transact(table, [put(table, sk(at), { written: true }, options)]).then(
            () => true,
            (error: unknown) => error,
          );
          const expected = at < holds.length ? true : new ConditionFailed([0]);
          expect(await written, inspect(item)).toEqual(expected);
          expect((await readItem(table, keyOf(sk(at))))?.written, inspect(item)).toBe(
            at < holds.length ? true : undefined,
          );
        }
      },
    );

    test('adds to numbers and sets that do not exist, and deletes from sets', async () => {
      const change = (verb: 'ADD' | 'DELETE', ...letters: string[]) =>
        transact(table, [
          update(table, 'A', `${verb} letters :letters`, { ':letters': new Set(letters) }),
          add(table, 'B', 2),
        ]);
      await change('ADD', 'x', 'y');
      await change('ADD', 'y', 'z');
      expect(await readItem(table, keyOf('A'))).toEqual({ ...keyOf('A'), letters: new Set(['x', 'y', 'z']) });
      await change('DELETE', 'x', 'y', 'unknown');
      await change('DELETE', 'z');
      expect(await readItem(table, keyOf('A'))).toEqual(keyOf('A'));
      expect(await readItem(table, keyOf('B'))).toEqual({ ...keyOf('B'), amount: 8 });
    });

    // The simulation is stricter: there, a request that the SDK repeats is executed again.
    test.skipIf(backEnd.name === 'in memory')(
      'that is sent twice with one token is executed once',
      async () => {
        const send = (amount: number) =>
          table.client.send(
            new TransactWriteCommand({
              ClientRequestToken: table.name,
              TransactItems: [add(table, 'A', amount)],
            }),
          );
        await send(1);
        await send(1);
        await expect(send(2)).rejects.toMatchObject({ name: 'IdempotentParameterMismatchException' });
        expect(await readItem(table, keyOf('A'))).toMatchObject({ amount: 1 });
      },
    );
  });

  describe('the limits', () => {
    test('100 writes are one transaction, 101 are not', async () => {
      const adds = (count: number) => many(count, (at) => add(table, sk(at), 1));
      await transact(table, adds(MAX_TRANSACTION_WRITES));
      expect(Object.values(await contents(table)).map(({ amount }) => amount)).toEqual(Array(100).fill(1));
      expect(await refusal(adds(MAX_TRANSACTION_WRITES + 1))).toContain('ValidationException');
    });

    test('a transaction without writes and one with an empty key are refused', async () => {
      for (const writes of [[], [put(table, '')]])
        expect(await refusal(writes)).toContain('ValidationException');
    });

    test('an item may have 400 kB, its keys and names included', async () => {
      const overhead = `pk${PK}sk${sk(0)}text`.length;
      await transact(table, [put(table, sk(0), { text: text(MAX_ITEM - overhead) })]);
      expect(await refusal([put(table, sk(1), { text: text(MAX_ITEM - overhead + 1) })])).toContain(
        'Item size has exceeded the maximum allowed size',
      );
    });

    test('a transaction may have 4 MB', async () => {
      const items = (bytes: number) =>
        many(16, (at) => put(table, sk(at), { text: text(bytes / 16 - `pk${PK}sk${sk(at)}text`.length) }));
      // The back ends count differently: the items, or the request as JSON.
      await transact(table, items(MAX_TRANSACTION_BYTES - 16 * 1024));
      expect(await readItem(table, keyOf(sk(15)))).toBeDefined();
      await expect(transact(table, items(MAX_TRANSACTION_BYTES + 16))).rejects.toThrow(/4\s?MB/);
    });

    test('a transaction may not have two operations on one item', async () => {
      const twice = [put(table, 'A'), add(table, 'A', 1)];
      const checked = [checkAbsent('A'), put(table, 'A')];
      for (const writes of [twice, checked])
        expect(await refusal(writes)).toContain('cannot include multiple operations on one item');
    });
  });

  describe('an expression', () => {
    const conditional = (condition: string, values?: Item) =>
      put(
        table,
        'A',
        {},
        {
          ConditionExpression: condition,
          ...(values && { ExpressionAttributeValues: values }),
        },
      );

    test('is refused if it is malformed, or if values are unused or missing', async () => {
      for (const [write, reason] of [
        [conditional('attribute_not_exists(pk)', { ':a': 1 }), 'unused in expressions'],
        [conditional('a = :a'), 'is not defined'],
        [conditional('a = :a AND b = :b', { ':a': undefined, ':b': 1 }), 'is not defined'],
        [conditional('status = :a', { ':a': 1 }), 'reserved keyword'],
        [conditional('attribute_not_exists(pk'), 'Syntax error'],
        [conditional(''), 'can not be empty'],
      ] as const) {
        const refused = await refusal([add(table, 'B', 1), write]);
        expect(refused).toContain('ValidationException');
        expect(refused).toContain(reason);
      }
    });
  });

  describe('reading', () => {
    test('an item that does not exist returns nothing', async () => {
      expect(await readItem(table, keyOf('A'))).toBeUndefined();
    });

    test('returns what another client has just written', async () => {
      const other = forAnother(backEnd, table);
      for (let amount = 1; amount <= 25; amount++) {
        await transact(table, [add(table, 'A', 1)]);
        expect(await readItem(other, keyOf('A'))).toMatchObject({ amount });
        for await (const item of queryItems(other, PK, 'A')) expect(item).toMatchObject({ amount });
      }
    });

    test('a query returns the items with the prefix in order, page by page', async () => {
      // Three of them fill a page of 1 MB.
      for (let at = 0; at < 8; at += 4)
        await transact(
          table,
          many(4, (next) => put(table, sk(at + next), { text: text(380_000) })),
        );
      await transact(table, [put(table, 'ITEM'), put(table, 'ITEN'), put(table, 'A')]);
      const keys = async (order?: Parameters<typeof queryItems>[3], prefix = 'ITEM#') => {
        const found = [];
        for await (const item of queryItems(table, PK, prefix, order)) found.push(item.sk);
        return found;
      };
      const all = Array.from({ length: 8 }, (_, at) => sk(at));
      expect(await keys()).toEqual(all);
      expect(await keys({ newestFirst: true })).toEqual(all.toReversed());
      expect(await keys({ newestFirst: true, limit: 5 })).toEqual(all.toReversed().slice(0, 5));
      expect(await keys({ limit: 2 })).toEqual(all.slice(0, 2));
      expect(await keys({ behind: sk(1), limit: 2 })).toEqual(all.slice(2, 4));
      // Between two items, and at the ends.
      expect(await keys({ behind: `${sk(1)}-`, newestFirst: true })).toEqual([sk(1), sk(0)]);
      expect(await keys({ behind: sk(7) })).toEqual([]);
      expect(await keys({ behind: sk(0), newestFirst: true })).toEqual([]);
      expect(await keys({}, 'NONE#')).toEqual([]);
    });
  });
});
