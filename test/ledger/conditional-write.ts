import { beforeEach, describe, expect, test } from 'vitest';
import { type Item, type Key, type Table, transact } from '../../functions/core/ledger/table.ts';
import { ConditionFailed } from '../../functions/core/model/errors.ts';
import { type BackEnd, contents, forAnother, makeTable } from './back-ends.ts';

/** A conditional write of the ledger, and everything that its conditions name. */
export interface ConditionalWrite<State> {
  /** Fills an empty ledger and reads what the write depends on. */
  arrange: (table: Table) => Promise<State>;
  act: (table: Table, state: State) => Promise<unknown>;
  /** What another process does at the same time; `act` by default. Only one of the two may succeed. */
  rival?: (table: Table, state: State) => Promise<unknown>;
  /** The attributes that the write changes, by the items' keys; undefined for attributes that it removes. */
  writes: (state: State) => Record<string, Item>;
  /** Changes since the read that must make the write fail, and the positions of the writes whose conditions fail. */
  conflicts: Record<string, { key: Key; to: Item; at: number[] }>;
}

/** Tests that the write succeeds if nothing has changed, writes nothing if something has, and that one of two rivals wins. */
export function describeWrite<State>(backEnd: BackEnd, name: string, write: ConditionalWrite<State>): void {
  const { arrange, act, rival = act, writes, conflicts } = write;

  describe(name, () => {
    let table: Table;
    let state: State;

    beforeEach(async () => {
      table = await makeTable(backEnd);
      state = await arrange(table);
    });

    /** Expects that only what the write changes has changed. */
    const expectWritten = async (before: Record<string, Item>) => {
      const changes = writes(state);
      const after = await contents(table);
      for (const key of Object.keys({ ...before, ...changes })) {
        if (before[key]) expect(after[key]).toEqual({ ...before[key], ...changes[key] });
        else expect(after[key]).toMatchObject(changes[key] as Item);
      }
    };

    test('writes when nothing has changed', async () => {
      const before = await contents(table);
      await act(table, state);
      await expectWritten(before);
    });

    test.each(Object.entries(conflicts))('writes nothing when %s', async (_what, { key, to, at }) => {
      await change(table, key, to);
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

/** Changes an item as another process would. Attributes that are undefined are removed. */
async function change(table: Table, key: Key, to: Item): Promise<void> {
  const names = Object.keys(to);
  const set = names.filter((name) => to[name] !== undefined);
  const remove = names.filter((name) => to[name] === undefined);
  const clauses = [
    ...(set.length > 0 ? [`SET ${set.map((name) => `${name} = :${name}`).join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
  ];
  const values = Object.fromEntries(set.map((name) => [`:${name}`, to[name]]));
  const update = {
    TableName: table.name,
    Key: key,
    UpdateExpression: clauses.join(' '),
    ...(set.length > 0 && { ExpressionAttributeValues: values }),
  };
  await transact(table, [{ Update: update }]);
}
