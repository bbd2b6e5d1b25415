import { setMaxListeners } from 'node:events';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import pMap from 'p-map';
import { chunk } from '../grouping.ts';
import { claimPass, extendPass, failPass, readPass, renewPass, type Segment } from '../ledger/passes.ts';
import { readRun } from '../ledger/runs.ts';
import type { Table } from '../ledger/table.ts';
import { ConditionFailed, isPermanent, reasonFrom } from '../model/errors.ts';
import type { Pass, PassName } from '../model/pass.ts';
import type { Bucket } from './bucket.ts';
import { checkItem } from './check-item.ts';
import { SEGMENT_LIMIT, segmentKey, toLine } from './segment.ts';
import { type ItemSource, type Page, pageProblem } from './source.ts';

/** A reader and all that it uses. */
export interface Reader {
  /** Identifies this invocation as the holder of a claim. */
  name: string;
  table: Table;
  bucket: Bucket;
  /** The job's list; undefined if the deployed job has none. */
  source: ItemSource<unknown> | undefined;
  /** The schema of an item. */
  schema?: StandardSchemaV1 | undefined;
  /** The current time in milliseconds since 1970. */
  clock: () => number;
  /** Waits, or ends early when the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** How an invocation of the reader ended. */
export type ReadResult =
  | { state: 'complete'; count: number; invalid: number }
  | { state: 'failed'; reason: string }
  /** The time ran out. The next invocation goes on. */
  | { state: 'reading'; count: number }
  /** Another reader reads the pass, or it has ended. */
  | { state: 'elsewhere' };

/** How long a claim on a pass holds, in milliseconds, and how often it is renewed. */
export const READ_LEASE_MS = 30_000;
const RENEW_MS = 10_000;

/** Time of an invocation that is kept for storing what was read, in milliseconds. */
export const STORE_MS = 15_000;

/** Attempts to read a page, with waits of 1, 2, 4 and 8 seconds in between. Then the pass fails. */
export const PAGE_ATTEMPTS = 5;

/** Maximum time of an attempt to read a page, in milliseconds. */
export const PAGE_TIMEOUT_MS = 120_000;

/** Maximum items of a list. */
export const MAX_LIST_ITEMS = 10_000_000;

/**
 * Maximum bytes of a page's items as JSON. The reader holds them in memory. Together with the pages before it that are not
 * stored yet, they fit into fewer than a hundred segments, which is what one transaction adds.
 */
export const MAX_PAGE_BYTES = 20_000_000;

/**
 * Items are stored when there are this many segments of them, or as many as were stored before: each store takes three
 * requests in sequence. After a crash, items that are not stored are read again.
 */
export const SEGMENTS_PER_STORE = 10;
const MAX_UNSTORED_MS = 10_000;

/** Segments that are written at the same time. */
const WRITES_AT_ONCE = 10;

/** The list cannot be read: the pass ends without effect. */
class ReadFailed extends Error {}

/** The invocation's time is up. */
class TimeUp extends Error {}

/**
 * Reads a pass: page by page, and on from the last stored page after a crash. The items of whole pages are stored in the
 * bucket, and then added to the pass in one transaction together with the cursor of the next page. If two readers read the
 * pass, the transaction of one fails, and that reader stops. The objects that it has written belong to no pass.
 *
 * @param endsAt when the invocation ends, by the reader's clock, in milliseconds since 1970
 * @throws Unavailable; the scheduler invokes another reader when the claim of this one has ended
 */
export async function readPassOf(reader: Reader, name: PassName, endsAt: number): Promise<ReadResult> {
  const found = await readPass(reader.table, name.runId, name.pass);
  if (found?.state !== 'reading') return { state: 'elsewhere' };
  try {
    const claimed = await claimPass(reader.table, found, leaseOf(reader), reader.clock());
    return await new PassReading(reader, claimed, endsAt).read();
  } catch (error) {
    if (error instanceof ConditionFailed) return { state: 'elsewhere' };
    throw error;
  }
}

function leaseOf({ name, clock }: Reader): Pass['lease'] {
  return { holder: name, until: clock() + READ_LEASE_MS };
}

/** The reading of a pass by one reader that has claimed it. */
class PassReading {
  readonly #reader: Reader;
  readonly #endsAt: number;
  /** As the ledger has it. */
  #pass: Pass;
  /** The lines of items that are not stored yet, and which of these items are invalid. */
  #lines: string[] = [];
  #bytes = 0;
  /** Where to read on after these items. */
  #cursor: unknown;
  #invalid: Pass['invalid'];
  #storedAt: number;

  constructor(reader: Reader, pass: Pass, endsAt: number) {
    this.#reader = reader;
    this.#pass = pass;
    this.#endsAt = endsAt;
    this.#invalid = pass.invalid;
    this.#storedAt = reader.clock();
    if (pass.cursor !== undefined) this.#cursor = JSON.parse(pass.cursor);
  }

  async read(): Promise<ReadResult> {
    const { source } = this.#reader;
    const heartbeat = new AbortController();
    void this.#renew(heartbeat.signal);
    try {
      if (!source) throw new ReadFailed('the deployed job has no list');
      do {
        const page = await this.#readPage(source, this.#cursor);
        const earlierBytes = this.#bytes;
        for (const item of page.items) await this.#add(item, earlierBytes);
        // As the next reader would get it, so that a cursor that JSON changes does not work until a reader dies.
        this.#cursor = page.next == null ? undefined : JSON.parse(JSON.stringify(page.next));
        if (this.#isFull || this.#cursor === undefined) await this.#store();
      } while (this.#cursor !== undefined);
      const { count, invalid } = this.#pass;
      return { state: 'complete', count, invalid: invalid.count };
    } catch (error) {
      if (error instanceof TimeUp) return await this.#pause();
      if (!(error instanceof ReadFailed)) throw error;
      return await this.#fail(error);
    } finally {
      heartbeat.abort();
    }
  }

  /** Whether it is time to store the items. A slow source must not lose more than a few seconds of work. */
  get #isFull(): boolean {
    const { count } = SEGMENT_LIMIT;
    return (
      this.#lines.length >= Math.min(Math.max(count, this.#pass.count), SEGMENTS_PER_STORE * count) ||
      this.#bytes >= SEGMENTS_PER_STORE * SEGMENT_LIMIT.bytes ||
      this.#reader.clock() - this.#storedAt >= MAX_UNSTORED_MS
    );
  }

  /** Stores the pages that were read, also empty ones, and ends the claim. The next reader goes on after these pages. */
  async #pause(): Promise<ReadResult> {
    const { table, name } = this.#reader;
    try {
      if (this.#cursor !== undefined && JSON.stringify(this.#cursor) !== this.#pass.cursor)
        await this.#store();
    } catch (error) {
      if (!(error instanceof ReadFailed)) throw error;
      return this.#fail(error);
    }
    await renewPass(table, this.#pass, { holder: name, until: 0 });
    return { state: 'reading', count: this.#pass.count };
  }

  async #fail({ message }: ReadFailed): Promise<ReadResult> {
    const { table, clock } = this.#reader;
    const reason = reasonFrom(new Error(message));
    await failPass(table, this.#pass, reason, clock());
    return { state: 'failed', reason };
  }

  /** Renews the claim until the signal aborts: a page may take longer to read than a claim holds. */
  async #renew(done: AbortSignal): Promise<void> {
    for (;;) {
      await this.#reader.sleep(RENEW_MS, done);
      if (done.aborted) return;
      // Without the claim, this reader notices at its next write.
      await renewPass(this.#reader.table, this.#pass, leaseOf(this.#reader)).catch(() => {});
    }
  }

  /** Reads a page, several times if it fails. @throws TimeUp @throws ReadFailed */
  async #readPage(source: ItemSource<unknown>, cursor: unknown): Promise<Page<unknown>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#check(await this.#attempt(source, cursor));
      } catch (error) {
        if (error instanceof TimeUp || error instanceof ReadFailed) throw error;
        if (isPermanent(error)) throw new ReadFailed(reasonFrom(error));
        if (attempt === PAGE_ATTEMPTS) throw new ReadFailed(`${reasonFrom(error)} (${attempt} attempts)`);
        await this.#reader.sleep(1_000 * 2 ** (attempt - 1));
      }
    }
  }

  /** Calls the source, and leaves it when its time or the invocation's is up. @throws TimeUp, or what the source throws */
  async #attempt(source: ItemSource<unknown>, cursor: unknown): Promise<Page<unknown>> {
    const { clock, sleep } = this.#reader;
    const remaining = this.#endsAt - STORE_MS - clock();
    if (remaining <= 0) throw new TimeUp();
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const timeLimit = sleep(Math.min(remaining, PAGE_TIMEOUT_MS), stop.signal).then(() => {
      throw remaining <= PAGE_TIMEOUT_MS
        ? new TimeUp()
        : new Error(`no page within ${PAGE_TIMEOUT_MS / 1_000} s`);
    });
    try {
      return await Promise.race([source.read(cursor, { signal: stop.signal }), timeLimit]);
    } finally {
      timeLimit.catch(() => {});
      stop.abort();
    }
  }

  /** @throws ReadFailed when the page is not one, or exceeds a limit */
  #check(page: Page<unknown>): Page<unknown> {
    const problem = pageProblem(page);
    if (problem !== undefined) throw new ReadFailed(problem);
    if (this.#pass.count + this.#lines.length + page.items.length > MAX_LIST_ITEMS)
      throw new ReadFailed(`the list has more than ${MAX_LIST_ITEMS} items`);
    return page;
  }

  /** Adds an item to those that are not stored yet. @param earlierBytes of the items of earlier pages @throws ReadFailed */
  async #add(item: unknown, earlierBytes: number): Promise<void> {
    const { text, problem } = toLine(item);
    const index = this.#pass.count + this.#lines.length;
    this.#lines.push(text);
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes - earlierBytes > MAX_PAGE_BYTES)
      throw new ReadFailed(`a page has more than ${MAX_PAGE_BYTES} bytes of JSON: return smaller pages`);
    const invalid = problem ?? (await this.#schemaProblem(item));
    if (invalid === undefined) return;
    const { count, first = { index, problem: invalid } } = this.#invalid;
    this.#invalid = { count: count + 1, first };
  }

  /** One line: a problem that names each wrong field of a large item would not fit into the ledger's item. */
  async #schemaProblem(item: unknown): Promise<string | undefined> {
    try {
      const checked = await checkItem(this.#reader.schema, item);
      return 'problem' in checked ? reasonFrom(new Error(checked.problem)) : undefined;
    } catch (error) {
      return reasonFrom(error);
    }
  }

  /**
   * Stores the items that were read, and ends the pass if there is no further page.
   * @throws ConditionFailed when another reader has taken over
   * @throws ReadFailed when the run was stopped
   */
  async #store(): Promise<void> {
    const { table, bucket, clock } = this.#reader;
    const pass = this.#pass;
    const cursor = this.#cursor;
    const run = await readRun(table, pass.runId);
    if (!run?.active) throw new ReadFailed('the run was stopped');
    let first = pass.count;
    const segments = chunk(this.#lines, SEGMENT_LIMIT, Buffer.byteLength).map((lines) => {
      const body = lines.join('\n');
      const segment: Segment = { first, count: lines.length, key: segmentKey(pass, body) };
      first += lines.length;
      return { segment, body };
    });
    await pMap(segments, ({ segment, body }) => bucket.put(segment.key, body), {
      concurrency: WRITES_AT_ONCE,
    });
    const { cursor: _, ...rest } = pass;
    const next: Pass = {
      ...rest,
      count: first,
      // Empty pages are no progress, so that a source that returns nothing else is not read for ever.
      starts: segments.length > 0 ? 0 : pass.starts,
      invalid: this.#invalid,
      lease: leaseOf(this.#reader),
      ...(cursor === undefined
        ? { state: 'complete', endedAt: clock() }
        : { cursor: JSON.stringify(cursor) }),
    };
    await extendPass(
      table,
      pass,
      next,
      segments.map(({ segment }) => segment),
    );
    this.#pass = next;
    this.#lines = [];
    this.#storedAt = clock();
    this.#bytes = 0;
  }
}
