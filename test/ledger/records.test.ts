import { beforeEach, expect, test, vi } from 'vitest';
import { listCounters } from '../../functions/core/ledger/counters.ts';
import { type RecordedMessage, readRecord } from '../../functions/core/ledger/message-records.ts';
import { type Item, MAX_TRANSACTION_WRITES, type Table } from '../../functions/core/ledger/table.ts';
import type { JobId } from '../../functions/core/model/ids.ts';
import {
  acquireLease,
  applyOutcomes,
  type MessageRecord,
} from '../../functions/core/model/message-record.ts';
import { job, ledgerWriter, NOW, RUN } from '../fixtures/ledger.ts';
import { contents, describeBackEnds, forAnother, makeTable } from './back-ends.ts';
import { processed, unrecorded } from './writes.ts';

const state = unrecorded();
const [first] = state.record.pending;

/** The record with one job more processed. */
const oneMore = ({ record }: RecordedMessage): MessageRecord => ({
  ...record,
  pending: record.pending.slice(1),
});

describeBackEnds((backEnd) => {
  let table: Table;
  let other: Table;

  beforeEach(async () => {
    table = await makeTable(backEnd);
    other = forAnother(backEnd, table);
  });

  async function counted(): Promise<number> {
    const counters = await listCounters(table, RUN);
    return counters.reduce((sum, { processed }) => sum + processed, 0);
  }

  test('a record is written when it is new or unchanged, and is read as it was written', async () => {
    const lease = { id: 'a', until: NOW, job: job(4) };
    expect(await readRecord(other, state.message)).toBeUndefined();
    const writer = ledgerWriter(table, 'worker');
    const attempts = { [first as number]: { count: 1, firstAt: NOW, lastAt: NOW, reason: 'no' } };
    const [once] = await writer.commit([state], (one) => ({ ...oneMore(one), attempts, isolated: true }));
    const [twice] = await writer.commit([once as RecordedMessage], ({ record }) =>
      applyOutcomes(
        acquireLease(record, lease),
        { all: true, rounds: new Map() },
        [{ kind: 'deadLettered', jobId: 3 as JobId, round: 7 }],
        NOW,
      ),
    );
    expect(twice?.record).toMatchObject({ version: 2, failed: [3], lease });
    expect(await readRecord(other, state.message)).toEqual(twice?.record);
    expect(await listCounters(table, RUN)).toMatchObject([{ holder: 'worker', processed: 1, failed: 1 }]);
  });

  test.each<[string, (read: RecordedMessage) => RecordedMessage]>([
    ['was believed to be new', () => state],
    ['has changed since it was read', (read) => read],
  ])('a record that %s is read again, and counted once', async (_what, believed) => {
    const [read] = await ledgerWriter(table, 'worker').commit([state], oneMore);
    await ledgerWriter(other, 'another').commit([read as RecordedMessage], oneMore);
    const transition = vi.fn(processed);
    const [after] = await ledgerWriter(table, 'worker').commit(
      [believed(read as RecordedMessage)],
      transition,
    );
    expect(transition).toHaveBeenCalledTimes(2);
    expect(transition.mock.lastCall?.[0].record).toMatchObject({ version: 2, pending: { length: 8 } });
    expect(after?.record.version).toBe(3);
    expect(await counted()).toBe(10);
  });

  test('of two writers that have one message at once, one counts it', async () => {
    for (let round = 0; round < 10; round++) {
      const writers = [ledgerWriter(table, 'one'), ledgerWriter(other, 'two')];
      await Promise.all(writers.map((writer) => writer.commit([unrecorded(round)], processed)));
      expect(writers.map(({ counted }) => counted.processed).sort((a, b) => a - b)).toEqual([0, 10]);
      expect(await counted()).toBe((round + 1) * 10);
    }
  });

  test('99 messages and a counter are one transaction, which is written completely or not at all', async () => {
    const send = vi.fn((command: never) => other.client.send(command));
    const states = Array.from({ length: MAX_TRANSACTION_WRITES - 1 }, (_, at) => unrecorded(at));
    const writer = ledgerWriter({ ...other, client: { send } as unknown as Table['client'] }, 'worker');
    await ledgerWriter(table, 'another').commit([unrecorded(98)], oneMore);
    const after = await writer.commit(states, processed);
    // The calls: look up the counter, write (one condition fails), read that record, write all.
    expect(send).toHaveBeenCalledTimes(4);
    expect(after.map(({ record }) => record.version)).toEqual([...Array(98).fill(1), 2]);
    expect(await counted()).toBe(990);
    expect(writer.counted.processed).toBe(989);
  });

  test('a record that DynamoDB does not take is no problem of its neighbours', async () => {
    const tooLarge = { reason: 'x'.repeat(450_000), count: 1, firstAt: NOW, lastAt: NOW };
    const after = await ledgerWriter(table, 'worker').commit(
      [unrecorded(0), unrecorded(1), unrecorded(2)],
      (one) => (one.message.first === 11 ? { ...oneMore(one), attempts: { 12: tooLarge } } : processed(one)),
    );
    expect(after.map(({ problem, record }) => [problem !== undefined, record.version])).toEqual([
      [false, 1],
      [true, 0],
      [false, 1],
    ]);
    expect(await counted()).toBe(20);
    const items: Item[] = Object.values(await contents(table));
    expect(items).toHaveLength(3);
  });
});
