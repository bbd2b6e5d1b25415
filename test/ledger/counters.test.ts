import { beforeEach, describe, expect, test } from 'vitest';
import {
  type CounterDelta,
  listCounters,
  RETIRED_AFTER_MS,
  WORKERS_PER_SHARD,
  WorkerCounters,
} from '../../functions/core/ledger/counters.ts';
import type { RecordedMessage } from '../../functions/core/ledger/message-records.ts';
import { type Key, type Table, type TransactionWrite, transact } from '../../functions/core/ledger/table.ts';
import { readTotals, type Totals } from '../../functions/core/ledger/totals.ts';
import { ledgerWriter, NOW, RUN, startedRun, workersOfOneShard } from '../fixtures/ledger.ts';
import { describeBackEnds, forAnother, makeTable } from './back-ends.ts';
import { describeWrite } from './conditional-write.ts';
import { processed, unrecorded } from './writes.ts';

const LATER = NOW + RETIRED_AFTER_MS + 1;

/** More workers than a shard has counters. */
const workers = await workersOfOneShard(WORKERS_PER_SHARD + 12);
const worker = (at: number) => workers[at] as (typeof workers)[number];

const gain = (processed: number, failed = 0): CounterDelta => ({ processed, failed });
const writeOf = (table: Table, at: number, now: number) => {
  const counters = new WorkerCounters(table, worker(at));
  counters.meter.beginBatch(now - 10);
  counters.meter.recordJob(10, now);
  return counters.incrementWrite(RUN, gain(5, 1), now);
};

/** Fills a shard with counters. The first one has been idle for longest. */
async function fillShard(table: Table): Promise<void> {
  await startedRun(table);
  for (let at = 0; at < WORKERS_PER_SHARD; at++)
    await transact(table, [await writeOf(table, at, at === 0 ? NOW : LATER)]);
}

const nowhere = { client: { send: async () => ({}) } } as unknown as Table;
const KEY = (await writeOf(nowhere, 0, NOW)).Update?.Key as unknown as Key;
const ITEM = `${KEY.pk}/${KEY.sk}`;

/** What `writeOf` measures. */
const TIMING = { jobMs: 10, workerMs: 10, jobs: 1, at: LATER };

interface Writes {
  add: TransactionWrite;
  takeOver: TransactionWrite;
  takeOverToo: TransactionWrite;
}

async function arrange(table: Table): Promise<Writes> {
  await fillShard(table);
  const [add, takeOver, takeOverToo] = await Promise.all(
    [0, WORKERS_PER_SHARD, WORKERS_PER_SHARD + 1].map((at) => writeOf(table, at, LATER)),
  );
  return { add, takeOver, takeOverToo } as Writes;
}

describeBackEnds((backEnd) => {
  describeWrite<Writes>(backEnd, 'adding to the worker’s own counter', {
    arrange,
    act: (table, { add }) => transact(table, [add]),
    rival: (table, { takeOver }) => transact(table, [takeOver]),
    writes: () => ({ [ITEM]: { jobsProcessed: 10, jobsFailed: 2, lastSeenAt: LATER, timing: TIMING } }),
    conflicts: { 'another worker has taken it over': { key: KEY, to: { holder: 'another' }, at: [0] } },
  });

  describeWrite<Writes>(backEnd, 'taking over a counter', {
    arrange,
    act: (table, { takeOver }) => transact(table, [takeOver]),
    rival: (table, { takeOverToo }) => transact(table, [takeOverToo]),
    writes: () => ({
      [ITEM]: {
        holder: worker(WORKERS_PER_SHARD),
        jobsProcessed: 5,
        jobsFailed: 1,
        lastSeenAt: LATER,
        timing: TIMING,
        retiredProcessed: 5,
        retiredFailed: 1,
        retiredWorkers: 1,
      },
    }),
    conflicts: {
      'another worker has taken it over': { key: KEY, to: { holder: 'another' }, at: [0] },
      'its holder has been seen': { key: KEY, to: { lastSeenAt: NOW + 1 }, at: [0] },
      'its holder has processed more': { key: KEY, to: { jobsProcessed: 6 }, at: [0] },
      'its holder has failed more': { key: KEY, to: { jobsFailed: 2 }, at: [0] },
    },
  });

  describe('while workers come and go', () => {
    let table: Table;
    let other: Table;

    beforeEach(async () => {
      table = await makeTable(backEnd);
      other = forAnother(backEnd, table);
      await fillShard(table);
    });

    test('of two workers that take over one counter at once one does, and both count', async () => {
      await Promise.all(
        [table, other].map((table, at) =>
          ledgerWriter(table, worker(WORKERS_PER_SHARD + at), () => LATER).commit(
            [unrecorded(at)],
            processed,
          ),
        ),
      );
      const counters = await listCounters(table, RUN);
      const newcomers = counters.filter(({ holder }) => workers.indexOf(holder) >= WORKERS_PER_SHARD);
      expect(newcomers.map(({ retired }) => retired.workers).sort()).toEqual([0, 1]);
      expect(counters.map(({ holder }) => holder)).not.toContain(worker(0));
      const before = WORKERS_PER_SHARD * 5;
      expect(await readTotals(other, RUN)).toMatchObject({
        processed: before + 20,
        failed: WORKERS_PER_SHARD,
      });
    });

    test('a status never shows more than was counted, and never goes back', async () => {
      let clock = LATER;
      const before = WORKERS_PER_SHARD * 5;
      const counts = { begun: before, done: before };
      const statuses: Totals[] = [];
      let isOver = false;
      const reading = (async () => {
        while (!isOver) {
          const { done } = counts;
          const status = (await readTotals(other, RUN)) as Totals;
          expect(status.processed).toBeGreaterThanOrEqual(Math.max(done, statuses.at(-1)?.processed ?? 0));
          expect(status.processed).toBeLessThanOrEqual(counts.begun);
          statuses.push(status);
        }
      })();
      try {
        for (let at = 0; at < 40; at++) {
          // Each worker finds all others idle, and takes over the counter that has been idle for longest.
          clock += RETIRED_AFTER_MS + 1;
          counts.begun += 10;
          const state: RecordedMessage = unrecorded(at);
          const newcomer = worker(WORKERS_PER_SHARD + (at % 12));
          await ledgerWriter(table, newcomer, () => clock).commit([state], processed);
          counts.done += 10;
        }
      } finally {
        isOver = true;
        await reading;
      }
      const end = (await readTotals(other, RUN)) as Totals;
      expect(end).toMatchObject({ processed: before + 400, workers: { length: WORKERS_PER_SHARD } });
      expect(end.retired.workers).toBeGreaterThan(10);
      expect(new Set(statuses.map(({ processed }) => processed)).size).toBeGreaterThan(3);
    });
  });
});
