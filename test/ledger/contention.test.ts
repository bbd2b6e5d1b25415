import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { beforeEach, expect, test } from 'vitest';
import { queryItems, readItem, type Table, transact } from '../../functions/core/ledger/table.ts';
import { ConditionFailed } from '../../functions/core/model/errors.ts';
import { describeBackEnds, forAnother, makeTable } from './back-ends.ts';
import { add, keyOf, PK, put, putNew, update } from './writes.ts';

const refusals = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));

const isConflict = (error: unknown) =>
  error instanceof TransactionCanceledException &&
  (error.CancellationReasons ?? []).some(({ Code }) => Code === 'TransactionConflict');

/**
 * Counts the transactions of a client that are cancelled because they conflict with another, and cancels every n-th call
 * in this way. No back end ever does so by itself under this load, and AWS advises to simulate it.
 * @param every 0 for no simulated conflicts
 */
function withConflicts(table: Table, every: number) {
  const conflicts = { seen: 0 };
  let calls = 0;
  const send = async (command: never) => {
    try {
      if (every > 0 && ++calls % every === 0)
        throw new TransactionCanceledException({
          message: 'Transaction cancelled',
          CancellationReasons: [{ Code: 'None' }, { Code: 'TransactionConflict' }],
          $metadata: { httpStatusCode: 400 },
        });
      return await table.client.send(command);
    } catch (error) {
      if (isConflict(error)) conflicts.seen++;
      throw error;
    }
  };
  return { conflicts, table: { ...table, client: { send } as Table['client'], conflictDelayMs: 1 } };
}

describeBackEnds((backEnd) => {
  let table: Table;
  let other: Table;

  beforeEach(async () => {
    table = await makeTable(backEnd);
    other = forAnother(backEnd, table);
  });

  /** Prints an observation for which AWS permits any value. */
  const report = (observation: string) => process.stderr.write(`${backEnd.name}: ${observation}\n`);

  /** Repeats one action while another one runs. */
  async function during<T>(work: () => Promise<T>, meanwhile: () => Promise<void>): Promise<T> {
    let over = false;
    const repeating = (async () => {
      while (!over) await meanwhile();
    })();
    try {
      return await work();
    } finally {
      over = true;
      await repeating;
    }
  }

  test.each([
    ['as they come', 0],
    ['with every tenth cancelled for a conflict', 10],
  ])('transactions of two clients on the same items all count, once each: %s', async (when, every) => {
    const clients = [1, 2].map((number) => ({
      number,
      ...withConflicts(forAnother(backEnd, table), every),
    }));
    const outcomes = await Promise.allSettled(
      clients.flatMap(({ number, table }) =>
        Array.from({ length: 50 }, (_, at) =>
          transact(table, [add(table, 'A', 1), add(table, 'B', 2), putNew(table, `${number}#${at}`)]),
        ),
      ),
    );
    const seen = clients.reduce((sum, { conflicts }) => sum + conflicts.seen, 0);
    report(`${seen} conflicts among 100 contending transactions, ${when}`);
    expect(refusals(outcomes)).toEqual([]);
    expect(await readItem(table, keyOf('A'))).toMatchObject({ amount: 100 });
    expect(await readItem(table, keyOf('B'))).toMatchObject({ amount: 200 });
    if (every > 0) expect(seen).toBeGreaterThan(0);
  });

  test('of concurrent writes with the same condition, one succeeds', async () => {
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, at) =>
          transact(at % 2 ? table : other, [
            putNew(table, `ROUND#${round}`, { by: at }),
            add(table, 'WINS', 1),
          ]),
        ),
      );
      expect(refusals(outcomes)).toEqual(Array(9).fill(new ConditionFailed([0])));
    }
    expect(await readItem(table, keyOf('WINS'))).toMatchObject({ amount: 5 });
  });

  test('an item is never read half written', async () => {
    let written = 0;
    await during(
      async () => {
        for (let at = 0; at < 50; at++) {
          const items = await Promise.all([1, 2, 3].map(() => readItem(other, keyOf('A'))));
          for (const item of items) expect(item?.a).toBe(item?.b);
        }
      },
      () => transact(table, [update(table, 'A', 'SET a = :n, b = :n', { ':n': ++written })]),
    );
    expect(written).toBeGreaterThan(1);
    expect(await readItem(other, keyOf('A'))).toMatchObject({ a: written, b: written });
  });

  // AWS permits a Query to see half of a transaction, so no result may depend on it.
  test.each([
    ['one page', 0, 40],
    ['several pages', 4, 10],
  ])('a list of %s while an amount moves from item to item', async (pages, between, lists) => {
    const filler = { text: 'x'.repeat(390_000) };
    await transact(table, [put(table, '#A', { amount: 1000 }), put(table, '#Z', { amount: 0 })]);
    for (let at = 0; at < between; at++) await transact(table, [put(table, `#M${at}`, filler)]);
    let halfDone = 0;
    await during(
      async () => {
        for (let at = 0; at < lists; at++) {
          let sum = 0;
          let items = 0;
          for await (const { amount = 0 } of queryItems(other, PK, '#')) {
            items++;
            sum += amount as number;
          }
          expect(items).toBe(2 + between);
          if (sum !== 1000) halfDone++;
        }
      },
      () => transact(table, [add(table, '#A', -1), add(table, '#Z', 1)]),
    );
    report(`a Query of ${pages} saw a transfer half done in ${halfDone} of ${lists} reads`);
    const [from, to] = [await readItem(table, keyOf('#A')), await readItem(table, keyOf('#Z'))];
    expect((from?.amount as number) + (to?.amount as number)).toBe(1000);
    expect(to?.amount).toBeGreaterThan(0);
  });
});
