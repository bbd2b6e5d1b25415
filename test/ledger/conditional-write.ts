import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Item, Key, Table } from '../../functions/core/ledger/table.ts';
import { ConditionFailed } from '../../functions/core/model/errors.ts';
import { type BackEnd, contents, forAnother, makeTable } from './back-ends.ts';

/** One of the ledger's conditional writes, and all that its conditions name. */
export interface ConditionalWrite<State> {
  /** Brings an empty ledger there, and reads what the write goes by. */
  arrange: (table: Table) => Promise<State>;
  act: (table: Table, state: State) => Promise<unknown>;
  /** What another one does at the same time, if it is not the same: of the two, one may come through. */
  rival?: (table: Table, state: State) => Promise<unknown>;
  /** What it changes in which items, by their keys; undefined for what it removes. */
  writes: (state: State) => Record<string, Item>;
  /** What may have moved since it was read, and the positions of the writes that then fail. */
  moved: Record<string, { key: Key; to: Item; at: number[] }>;
}

/** Tests that it writes if nothing moved, writes nothing if something did, and that one of two rivals wins. */
export function describeWrite<State>(backEnd: BackEnd, name: string, write: ConditionalWrite<State>): void {
  const { arrange, act, rival = act, writes, moved } = write;

  describe(name, () => {
    let table: Table;
    let state: State;

    beforeEach(async () => {
      table = await makeTable(backEnd);
      state = await arrange(table);
    });

    /** Each item is as it was, but for what the write changes. */
    const expectWritten = async (before: Record<string, Item>) => {
      const changes = writes(state);
      const after = await contents(table);
      for (const key of Object.keys({ ...before, ...changes })) {
        if (before[key]) expect(after[key]).toEqual({ ...before[key], ...changes[key] });
        else expect(after[key]).toMatchObject(changes[key] as Item);
      }
    };

    test('writes when nothing moved', async () => {
      const before = await contents(table);
      await act(table, state);
      await expectWritten(before);
    });

    test.each(Object.entries(moved))('writes nothing when %s', async (_what, { key, to, at }) => {
      await move(table, key, to);
      const before = await contents(table);
      await expect(act(table, state)).rejects.toEqual(new ConditionFailed(at));
      expect(await contents(table)).toEqual(before);
    });

    test('is won by one of two', async () => {
      const before = await contents(table);
      const both = await Promise.allSettled([act(table, state), rival(forAnother(backEnd, table), state)]);
      const lost = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      expect(lost).toEqual([expect.any(ConditionFailed)]);
      if (rival === act) await expectWritten(before);
    });
  });
}

/** Changes an item as if another one had. */
async function move({ name, client }: Table, key: Key, to: Item): Promise<void> {
  const names = Object.keys(to);
  const set = names.filter((name) => to[name] !== undefined);
  const remove = names.filter((name) => to[name] === undefined);
  await client.send(
    new UpdateCommand({
      TableName: name,
      Key: key,
      UpdateExpression: [
        set.length > 0 && `SET ${set.map((name) => `#${name} = :${name}`).join(', ')}`,
        remove.length > 0 && `REMOVE ${remove.map((name) => `#${name}`).join(', ')}`,
      ]
        .filter(Boolean)
        .join(' '),
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ...(set.length > 0 && {
        ExpressionAttributeValues: Object.fromEntries(set.map((name) => [`:${name}`, to[name]])),
      }),
    }),
  );
}
