import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  MAX_LIST_ITEMS,
  MAX_PAGE_BYTES,
  PAGE_ATTEMPTS,
  type Reader,
  readPassOf,
  SEGMENTS_PER_STORE,
} from '../../../../../functions/core/items/read-pass.ts';
import { SEGMENT_LIMIT } from '../../../../../functions/core/items/segment.ts';
import { SnapshotReader } from '../../../../../functions/core/items/snapshot.ts';
import { type ItemSource, list, MAX_PAGE_ITEMS, pages } from '../../../../../functions/core/items/source.ts';
import { openPass, readPass } from '../../../../../functions/core/ledger/passes.ts';
import {
  readRun,
  readSchedule,
  skipTicks,
  stopRun,
  updateRun,
} from '../../../../../functions/core/ledger/runs.ts';
import { claimTick, readTick } from '../../../../../functions/core/ledger/ticks.ts';
import { cronLine } from '../../../../../functions/core/model/cron.ts';
import {
  ConditionFailed,
  MAX_REASON_CHARACTERS,
  PermanentError,
} from '../../../../../functions/core/model/errors.ts';
import type { ItemEntry } from '../../../../../functions/core/model/item.ts';
import { MAX_STARTS, type Pass, type PassName } from '../../../../../functions/core/model/pass.ts';
import { MAX_SPREAD_MS } from '../../../../../functions/core/model/tick.ts';
import { fire } from '../../../../../functions/core/schedule/fire.ts';
import { InMemoryCloud } from '../../../../fixtures/in-memory-cloud.ts';
import { NOW, RUN, startedRun, tick } from '../../../../fixtures/ledger.ts';

let cloud: InMemoryCloud;
/** The passes that readers were asked to read. */
let asked: PassName[];
/** What each waited for, in milliseconds. */
let waits: number[];
beforeEach(() => {
  cloud = new InMemoryCloud();
  asked = [];
  waits = [];
});

const names = (count: number, prefix = 'item') => Array.from({ length: count }, (_, at) => `${prefix} ${at}`);

const start = (x: number | 'all' = 'all') => startedRun(cloud.table, { x, list: true });

function runScheduler() {
  const scheduler = {
    name: `scheduler-${cloud.now}`,
    table: cloud.table,
    jobs: cloud.worker().jobs,
    settings: { jobsPerMessage: 3, minMessages: 1 },
    clock: () => cloud.now,
    sleep: async () => {},
    startReader: async (pass: PassName) => void asked.push(pass),
    startAutoscaler: async () => {},
  };
  return fire(scheduler, cloud.now, cloud.now + 60_000);
}

function readerOf(source: ItemSource<unknown> | undefined, change: Partial<Reader> = {}): Reader {
  return {
    name: 'reader',
    table: cloud.table,
    bucket: cloud.bucket,
    source,
    clock: () => cloud.now,
    // Retries come at once; the time limit of a page and the renewal of the claim never.
    sleep: async (ms, signal) => {
      if (signal) return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      waits.push(ms);
    },
    ...change,
  };
}

const read = (source: ItemSource<unknown> | undefined, pass = 1, change: Partial<Reader> = {}) =>
  readPassOf(readerOf(source, change), { runId: RUN, pass }, cloud.now + 600_000);

/** Opens a pass, reads it and fires the tick. */
async function fireTick(source: ItemSource<unknown>): Promise<void> {
  await runScheduler();
  const pass = asked.pop();
  if (!pass) return;
  expect(await read(source, pass.pass)).toMatchObject({ state: 'complete' });
  await runScheduler();
}

const nextPeriod = () => {
  cloud.now += 300_000;
};

/** The items of a tick's jobs, as a new worker reads them. */
async function itemsOf(tick: number): Promise<unknown[] | undefined> {
  const found = await readTick(cloud.table, RUN, tick);
  if (!found?.items) return undefined;
  const indices = Array.from({ length: found.count }, (_, at) => at);
  const entries = await new SnapshotReader(cloud.table, cloud.bucket).entriesOf(RUN, found.items, indices);
  return entries.map((entry) => ('item' in entry ? entry.item : entry.problem));
}

const run = async () => {
  const found = await readRun(cloud.table, RUN);
  if (!found) throw new Error('no run');
  return found;
};

/** A pass of which nothing was read. */
const newPass = (pass: number, tick: number): Pass => ({
  runId: RUN,
  pass,
  tick,
  state: 'reading',
  shared: true,
  count: 0,
  starts: 1,
  lease: { holder: '', until: cloud.now + 30_000 },
  openedAt: cloud.now,
  invalid: { count: 0 },
});

describe('a run over all items', () => {
  test('reads the list once for each tick', async () => {
    await start();
    await fireTick(list(names(7)));
    nextPeriod();
    await fireTick(list(names(5, 'later')));
    expect(await itemsOf(1)).toEqual(names(7));
    expect(await itemsOf(2)).toEqual(names(5, 'later'));
    expect(await run()).toMatchObject({ enqueued: 12, tick: 2, missedTicks: 0 });
  });

  test('gives each job its item, its index and the number of jobs, in every delivery', async () => {
    await start();
    await fireTick(list(names(7)));
    const seen: unknown[] = [];
    const worker = cloud.worker({
      job: { run: (item, { index, count, dueAt }) => seen.push([item, index, count, dueAt.getTime()]) },
    });
    const messages = cloud.messagesIn('jobs');
    expect(messages).toHaveLength(3);
    expect(await cloud.consume(worker, ...messages)).toMatchObject({ processed: 7, errors: [] });
    expect(seen).toEqual(names(7).map((item, index) => [item, index, 7, NOW]));
  });

  test('fires an empty tick for an empty list', async () => {
    await start();
    await fireTick(list([]));
    expect(await itemsOf(1)).toEqual([]);
    expect(await run()).toMatchObject({ enqueued: 0, tick: 1, nextTick: 2, missedTicks: 0 });
    nextPeriod();
    await fireTick(list(['a']));
    expect(await itemsOf(2)).toEqual(['a']);
  });
});

test('the jobs of an even tick are sent long before their items expire, whatever the cron line', async () => {
  const y = cronLine('0 0 1 1 *', 'UTC');
  const { nextTickAt } = await startedRun(cloud.table, { x: 'all', list: true, y, pace: 'even' });
  cloud.now = nextTickAt;
  await fireTick(list(names(7)));
  expect(await readTick(cloud.table, RUN, 1)).toMatchObject({ count: 7, spreadMs: MAX_SPREAD_MS });
  cloud.now += MAX_SPREAD_MS;
  await runScheduler();
  expect(cloud.messagesIn('jobs')).toHaveLength(3);
});

describe('a run over the next items', () => {
  test('takes X items each tick, and begins a new pass when the list is exhausted', async () => {
    await start(3);
    const counts: (number | undefined)[] = [];
    for (let tick = 1; tick <= 5; tick++) {
      await fireTick(list(names(7, `read for tick ${tick}:`)));
      counts.push((await readTick(cloud.table, RUN, tick))?.count);
      nextPeriod();
    }
    expect(counts).toEqual([3, 3, 1, 3, 3]);
    const first = names(7, 'read for tick 1:');
    expect([await itemsOf(1), await itemsOf(2), await itemsOf(3)].flat()).toEqual(first);
    expect(await itemsOf(4)).toEqual(names(3, 'read for tick 4:'));
  });

  test('takes no items of a pass that another scheduler has just replaced', async () => {
    await start(3);
    await fireTick(list(names(7)));
    nextPeriod();
    const [before, schedule] = [await run(), await readSchedule(cloud.table)];
    await openPass(cloud.table, before, newPass(2, 2));
    const items = { pass: 1, first: 3 };
    const lease = { holder: 'slow', until: cloud.now + 10_000 };
    const stale = {
      ...tick({ tick: 2, firstJob: schedule.nextJobId, count: 3, dueAt: cloud.now, items }),
      lease,
    };
    const claim = () => claimTick(cloud.table, schedule, before, stale, cloud.now + 300_000);
    await expect(claim()).rejects.toThrow(ConditionFailed);
    expect(await run()).toMatchObject({ nextTick: 2, pass: 2, taken: 0 });
  });

  test('opens no pass for an X that has just changed', async () => {
    await start(3);
    const before = await run();
    await updateRun(cloud.table, before, { x: 'all' }, NOW);
    await expect(openPass(cloud.table, before, newPass(1, 1))).rejects.toThrow(ConditionFailed);
  });

  test('opens no pass for a tick that another scheduler has just counted as missed', async () => {
    await start(3);
    const before = await run();
    const missed = { count: 1, nextTick: 2, nextTickAt: NOW + 300_000, reason: 'the scheduler ran too late' };
    await skipTicks(cloud.table, before, missed, NOW);
    await expect(openPass(cloud.table, before, newPass(1, 1))).rejects.toThrow(ConditionFailed);
  });

  test('takes everything if X becomes all', async () => {
    await start(3);
    await fireTick(list(names(7)));
    await updateRun(cloud.table, await run(), { x: 'all' }, cloud.now);
    nextPeriod();
    await fireTick(list(names(2, 'new')));
    expect(await itemsOf(2)).toEqual(names(2, 'new'));
  });
});

describe('reading a list', () => {
  test('stores it in segments, in order', async () => {
    await start();
    const count = 2 * SEGMENT_LIMIT.count + 1;
    await fireTick(list(names(count)));
    expect(cloud.bucket.objects.size).toBe(3);
    expect(await itemsOf(1)).toEqual(names(count));
  });

  test('goes on after a crash with the page after the last stored one, although the source has changed', async () => {
    await start();
    await runScheduler();
    const page = SEGMENTS_PER_STORE * SEGMENT_LIMIT.count;
    const source = (version: number, crashAt?: number) =>
      pages(async (cursor: number | undefined) => {
        const number = cursor ?? 0;
        if (number === crashAt) throw new Error('never seen');
        return {
          items: names(page, `version ${version} page ${number}:`),
          next: number < 3 ? number + 1 : null,
        };
      });
    // The worker dies: no promise of its third page ever settles.
    const dying = source(1);
    const reads: unknown[] = [];
    await Promise.race([
      read({
        read: (cursor, context) =>
          cursor === 2 ? new Promise(() => reads.push('dead')) : dying.read(cursor, context),
      }),
      new Promise<void>((resolve) =>
        setTimeout(function poll() {
          if (reads.length > 0) resolve();
          else setTimeout(poll, 1);
        }, 1),
      ),
    ]);
    expect(await readPass(cloud.table, RUN, 1)).toMatchObject({ state: 'reading', count: 2 * page });
    cloud.now += 60_000;
    await runScheduler();
    expect(asked).toHaveLength(2);
    expect(await read(source(2), 1, { name: 'second' })).toEqual({
      state: 'complete',
      count: 4 * page,
      invalid: 0,
    });
    await runScheduler();
    expect(await itemsOf(1)).toEqual([
      ...[0, 1].flatMap((number) => names(page, `version 1 page ${number}:`)),
      ...[2, 3].flatMap((number) => names(page, `version 2 page ${number}:`)),
    ]);
  });

  test('is done by one reader, even if two were asked', async () => {
    await start();
    await runScheduler();
    let release = () => {};
    const paused = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = pages(async () => paused.then(() => ({ items: names(3, 'slow') })));
    const first = read(slow, 1, { name: 'first' });
    await expect.poll(async () => (await readPass(cloud.table, RUN, 1))?.lease.holder).toBe('first');
    expect(await read(list(names(3)), 1, { name: 'second' })).toEqual({ state: 'elsewhere' });
    // The first one does not renew its claim any more, and another one takes over.
    cloud.now += 60_000;
    await runScheduler();
    expect(await read(list(names(3)), 1, { name: 'second' })).toMatchObject({ state: 'complete' });
    release();
    expect(await first).toEqual({ state: 'elsewhere' });
    await runScheduler();
    expect(await itemsOf(1)).toEqual(names(3));
  });

  test('ends before the time is up, and another invocation goes on', async () => {
    await start();
    await runScheduler();
    const slow = pages(async (cursor: number | undefined = 0) => {
      cloud.now += 300_000;
      return { items: names(SEGMENT_LIMIT.count, `${cursor}`), next: cursor < 2 ? cursor + 1 : undefined };
    });
    expect(await read(slow)).toEqual({ state: 'reading', count: 2 * SEGMENT_LIMIT.count });
    expect(await runScheduler()).toMatchObject({ reading: { pass: 1 } });
    expect(await read(slow, 1, { name: 'second' })).toMatchObject({ state: 'complete' });
    await runScheduler();
    expect(await itemsOf(1)).toHaveLength(3 * SEGMENT_LIMIT.count);
  });

  test('keeps pages that are smaller than a segment, or empty, when the time is up', async () => {
    await start();
    await runScheduler();
    const sizes = [2, 0, 0, 3, 0];
    const reads: number[] = [];
    const slow = pages(async (cursor: number | undefined = 0) => {
      reads.push(cursor);
      cloud.now += 300_000;
      return {
        items: names(sizes[cursor] as number, `${cursor}`),
        next: cursor + 1 < sizes.length ? cursor + 1 : null,
      };
    });
    expect(await read(slow)).toEqual({ state: 'reading', count: 2 });
    await runScheduler();
    expect(await read(slow, 1, { name: 'second' })).toEqual({ state: 'reading', count: 5 });
    await runScheduler();
    expect(await read(slow, 1, { name: 'third' })).toEqual({ state: 'complete', count: 5, invalid: 0 });
    expect(reads).toEqual([0, 1, 2, 3, 4]);
  });

  test('is missed if its pages stay empty for too long', async () => {
    await start();
    const endless = pages(async (cursor: number | undefined = 0) => {
      cloud.now += 300_000;
      return { items: [], next: cursor + 1 };
    });
    for (let starts = 1; starts <= MAX_STARTS; starts++) {
      expect(await runScheduler()).toMatchObject({ reading: { pass: 1 } });
      expect(await read(endless, 1, { name: `reader ${starts}` })).toEqual({ state: 'reading', count: 0 });
    }
    expect((await runScheduler()).missed).toBeGreaterThan(0);
  });

  test('ends with a page whose next is null, as an API without a further page answers', async () => {
    await start();
    await runScheduler();
    const source: ItemSource<string> = { read: async () => ({ items: ['a'], next: null }) };
    expect(await read(source, 1, { clock: () => (cloud.now += 10_000) })).toMatchObject({
      state: 'complete',
      count: 1,
    });
  });

  test('gives the source the same cursor as after a crash: as JSON', async () => {
    await start();
    await runScheduler();
    const cursors: unknown[] = [];
    const source: ItemSource<string> = {
      async read(cursor) {
        cursors.push(cursor);
        return { items: ['a'], ...(cursor === undefined && { next: { after: new Date(0) } }) };
      },
    };
    await read(source);
    expect(cursors).toEqual([undefined, { after: '1970-01-01T00:00:00.000Z' }]);
  });

  test('ends when the run is stopped', async () => {
    await start();
    await runScheduler();
    await stopRun(cloud.table, RUN, NOW);
    expect(await read(list(names(3)))).toEqual({ state: 'failed', reason: 'the run was stopped' });
  });
});

test('pages of the largest size are stored, whatever was read before them', async () => {
  await start();
  await runScheduler();
  const page = (characters: number, items: number) => Array<string>(items).fill('x'.repeat(characters));
  const sizes = [page(200_000, 45), page(200_000, 99), page(200_000, 99)];
  const source = pages(async (number: number | undefined = 0) => ({
    items: sizes[number] ?? [],
    next: number + 1 < sizes.length ? number + 1 : undefined,
  }));
  expect(await read(source)).toEqual({ state: 'complete', count: 243, invalid: 0 });
});

describe('a tick whose list cannot be read', () => {
  test('is missed with the reason after some attempts, and the next tick reads the list again', async () => {
    await start();
    await runScheduler();
    let attempts = 0;
    const failing = pages(async () => {
      attempts++;
      throw new Error('the database is closed');
    });
    expect(await read(failing)).toEqual({ state: 'failed', reason: 'the database is closed (5 attempts)' });
    expect([attempts, waits]).toEqual([PAGE_ATTEMPTS, [1_000, 2_000, 4_000, 8_000]]);
    expect(await runScheduler()).toMatchObject({ missed: 1 });
    const lastMiss = { tick: 1, at: NOW, reason: 'the database is closed (5 attempts)' };
    expect(await run()).toMatchObject({ missedTicks: 1, nextTick: 2, enqueued: 0, lastMiss });
    nextPeriod();
    await fireTick(list(['a']));
    expect(await itemsOf(2)).toEqual(['a']);
    expect(await readTick(cloud.table, RUN, 1)).toBeUndefined();
  });

  test('is missed at once after a PermanentError', async () => {
    await start();
    await runScheduler();
    const gone = pages(async () => {
      throw new PermanentError('the table is gone');
    });
    expect(await read(gone)).toMatchObject({ state: 'failed', reason: 'PermanentError: the table is gone' });
    expect(waits).toEqual([]);
  });

  test('is missed if readers keep dying, but not while one reads', async () => {
    await start();
    for (let starts = 1; starts <= MAX_STARTS; starts++) {
      expect(await runScheduler()).toMatchObject({ missed: 0, reading: { pass: 1 } });
      expect(await runScheduler()).not.toHaveProperty('reading');
      cloud.now += 31_000;
    }
    expect(asked).toHaveLength(MAX_STARTS);
    expect(await runScheduler()).toMatchObject({ missed: 1 });
    expect((await run()).lastMiss?.reason).toMatch(/^the reader of the list ended 4 times without a result/);
  });

  test('waits for its items, however late, and the ticks that it delays are missed with the reason', async () => {
    await start();
    await runScheduler();
    cloud.now += 1_000_000;
    await read(list(names(3)));
    expect(await runScheduler()).toMatchObject({ ticks: [{ tick: 1, enqueued: 3 }], missed: 2 });
    expect((await readTick(cloud.table, RUN, 1))?.dueAt).toBe(NOW);
    const reason = 'the list was still being read for tick 1';
    expect(await run()).toMatchObject({ lastMiss: { tick: 3, reason } });
  });

  test('is not missed by a scheduler that does not know of its pass yet', async () => {
    await start();
    const before = await run();
    await runScheduler();
    const missed = { count: 1, nextTick: 2, nextTickAt: NOW + 300_000, reason: 'the scheduler ran too late' };
    await expect(skipTicks(cloud.table, before, missed, NOW)).rejects.toThrow(ConditionFailed);
  });

  test('is missed if the list or a page exceeds a limit', async () => {
    const many = { length: MAX_PAGE_ITEMS + 1 };
    const cases: [string, ItemSource<unknown> | undefined, RegExp][] = [
      ['no list', undefined, /^the deployed job has no list$/],
      ['no items', { read: async () => ({}) as never }, /^a page has no array named items$/],
      ['a large page', { read: async () => ({ items: Array.from(many) }) }, /10001 items, at most 10000/],
      [
        'a cursor that is no JSON',
        { read: async () => ({ items: [], next: 1n }) },
        /next cannot be written as JSON/,
      ],
      [
        'a long cursor',
        { read: async () => ({ items: [], next: 'x'.repeat(10_000) }) },
        /more than 10000 characters/,
      ],
      [
        'large items',
        { read: async () => ({ items: Array(MAX_PAGE_BYTES / 200_000 + 1).fill('x'.repeat(200_000)) }) },
        /return smaller pages/,
      ],
      // Two of these do not fit into a segment.
      [
        'more segments than a transaction adds',
        { read: async () => ({ items: Array(110).fill('€'.repeat(170_000)) }) },
        /return smaller pages/,
      ],
    ];
    for (const [name, source, reason] of cases) {
      cloud = new InMemoryCloud();
      await start();
      await runScheduler();
      expect(await read(source), name).toEqual({ state: 'failed', reason: expect.stringMatching(reason) });
      expect(cloud.bucket.objects.size, name).toBe(0);
    }
    expect(MAX_LIST_ITEMS).toBe(10_000_000);
  });
});

describe('an item', () => {
  const entries = async (source: ItemSource<unknown>, change: Partial<Reader> = {}): Promise<ItemEntry[]> => {
    await start();
    await runScheduler();
    await read(source, 1, change);
    await runScheduler();
    const found = await readTick(cloud.table, RUN, 1);
    const indices = Array.from({ length: found?.count ?? 0 }, (_, at) => at);
    return new SnapshotReader(cloud.table, cloud.bucket).entriesOf(RUN, { pass: 1, first: 0 }, indices);
  };

  test('that cannot be stored has a job that becomes a dead letter; the others are not affected', async () => {
    const tooLarge = 'x'.repeat(256_000);
    expect(await entries(list<unknown>([{ a: [1, null] }, undefined, tooLarge, 0]))).toEqual([
      { item: { a: [1, null] } },
      { problem: 'its item is not a JSON value: undefined' },
      { problem: 'its item is too large: 256002 characters of JSON, at most 256000' },
      { item: 0 },
    ]);
    expect(await readPass(cloud.table, RUN, 1)).toMatchObject({
      invalid: { count: 2, first: { index: 1, problem: 'its item is not a JSON value: undefined' } },
    });
    const worker = cloud.worker({ job: { run: () => 1 } });
    await cloud.consume(worker, ...cloud.messagesIn('jobs'));
    expect(cloud.messagesIn('dead letters')).toHaveLength(2);
  });

  test('that does not fit the schema is counted when the list is read, and is a dead letter at once', async () => {
    const schema = z.object({ url: z.url() });
    await entries(list([{ url: 'https://example.org' }, { url: 'nowhere' }]), { schema });
    const problem = 'the item does not fit its schema: url: Invalid URL';
    expect(await readPass(cloud.table, RUN, 1)).toMatchObject({
      invalid: { count: 1, first: { index: 1, problem } },
    });
    const worker = cloud.worker({ job: { item: schema, run: () => 1 } });
    const batch = await cloud.consume(worker, ...cloud.messagesIn('jobs'));
    expect(batch).toMatchObject({ processed: 1, failed: 1, failedAttempts: 1, returned: 0 });
  });

  test('that violates the schema in many places does not make its pass too large for the ledger', async () => {
    await entries(list([{ tags: Array(20_000).fill(1) }]), {
      schema: z.object({ tags: z.array(z.string()) }),
    });
    const pass = await readPass(cloud.table, RUN, 1);
    expect(pass?.invalid).toMatchObject({ count: 1, first: { problem: expect.stringContaining('tags.0') } });
    expect(pass?.invalid.first?.problem.length).toBeLessThanOrEqual(MAX_REASON_CHARACTERS);
  });

  test('whose snapshot has expired is a dead letter', async () => {
    await entries(list(['a']));
    cloud.bucket.objects.clear();
    const batch = await cloud.consume(cloud.worker(), ...cloud.messagesIn('jobs'));
    expect(batch).toMatchObject({ processed: 0, failed: 1 });
  });

  test('whose segment a query does not see yet sends its message back', async () => {
    await entries(list(['a']));
    const worker = cloud.worker({ job: { run: () => 1 } });
    const send = worker.ledger.table.client.send;
    let hidden = true;
    worker.items = new SnapshotReader(
      {
        ...cloud.table,
        client: {
          send: (async (command: { input: { ScanIndexForward?: boolean } }) =>
            hidden && command.input.ScanIndexForward === false
              ? { Items: [] }
              : send(command as never)) as typeof send,
        },
      },
      cloud.bucket,
    );
    expect(await cloud.consume(worker, ...cloud.messagesIn('jobs'))).toMatchObject({
      failed: 0,
      returned: 1,
    });
    hidden = false;
    expect(await cloud.consume(worker, ...cloud.messagesIn('jobs'))).toMatchObject({ processed: 1 });
  });

  test('that cannot be loaded just now sends its message back, and no job is to blame', async () => {
    await entries(list(['a', 'b']));
    const get = cloud.bucket.get;
    cloud.bucket.get = async () => {
      throw new cloud.system.Unavailable('items', new Error('503'));
    };
    const messages = cloud.messagesIn('jobs');
    expect(await cloud.consume(cloud.worker(), ...messages)).toMatchObject({
      processed: 0,
      failed: 0,
      failedAttempts: 0,
      returned: 1,
    });
    cloud.bucket.get = get;
  });
});
