import { findSegment, readPass, type Segment } from '../ledger/passes.ts';
import type { Table } from '../ledger/table.ts';
import { Unavailable } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { ItemEntry } from '../model/item.ts';
import type { TickItems } from '../model/pass.ts';
import type { Bucket } from './bucket.ts';
import { parseLine } from './segment.ts';

/** Maximum bytes of segments that a worker caches, and maximum segments whose place it remembers. The oldest go first. */
const MAX_CACHED_BYTES = 32_000_000;
const MAX_PLACES = 10_000;

/** A segment and the pass that it belongs to. */
interface Place extends Segment {
  runId: RunId;
  pass: number;
}

/** Reads items of passes. Items that were read together, or recently, cost no further request. */
export class SnapshotReader {
  readonly #table: Table;
  readonly #bucket: Bucket;
  #places: Place[] = [];
  readonly #bodies = new Map<string, { lines: Promise<string[] | undefined>; bytes: number }>();
  #bytes = 0;

  constructor(table: Table, bucket: Bucket) {
    this.#table = table;
    this.#bucket = bucket;
  }

  /**
   * The items of jobs of a tick.
   * @param indices of the jobs in the tick, in ascending order
   * @returns in the same order. An item that is not there has a `problem`.
   * @throws Unavailable
   */
  async entriesOf(
    runId: RunId,
    { pass, first }: TickItems,
    indices: readonly number[],
  ): Promise<ItemEntry[]> {
    const entries: ItemEntry[] = [];
    let place: Place | undefined;
    let lines: string[] | undefined;
    for (const item of indices.map((index) => first + index)) {
      if (!place || !contains(place, item)) {
        place = await this.#placeOf(runId, pass, item);
        lines = place && (await this.#linesOf(place));
      }
      const line = place && lines?.[item - place.first];
      if (!place) await this.#checkIsGone(runId, pass, item);
      entries.push(line === undefined ? { problem: GONE } : parseLine(line));
    }
    return entries;
  }

  async #placeOf(runId: RunId, pass: number, item: number): Promise<Place | undefined> {
    const known = this.#places.find(
      (place) => place.runId === runId && place.pass === pass && contains(place, item),
    );
    if (known) return known;
    const segment = await findSegment(this.#table, runId, pass, item);
    if (!segment) return undefined;
    const place = { ...segment, runId, pass };
    this.#places = [place, ...this.#places].slice(0, MAX_PLACES);
    return place;
  }

  /**
   * A query may not see a segment while DynamoDB commits the transaction that added it ("DynamoDB transactions: how it
   * works", isolation levels: a Query is read-committed).
   * @throws Unavailable when the pass has the item
   */
  async #checkIsGone(runId: RunId, number: number, item: number): Promise<void> {
    const pass = await readPass(this.#table, runId, number);
    if (pass && item < pass.count)
      throw new Unavailable('ledger', new Error(`item ${item} of pass ${number} cannot be found yet`));
  }

  /** Concurrent callers share one request. */
  #linesOf({ key }: Segment): Promise<string[] | undefined> {
    const cached = this.#bodies.get(key);
    if (cached) return cached.lines;
    const entry = { lines: this.#load(key), bytes: 0 };
    this.#bodies.set(key, entry);
    entry.lines.then(
      (lines) => {
        // It may have been evicted while it was loaded.
        if (this.#bodies.get(key) !== entry) return;
        entry.bytes = lines?.reduce((sum, line) => sum + line.length, 0) ?? 0;
        this.#bytes += entry.bytes;
        this.#evict();
      },
      () => this.#bodies.delete(key),
    );
    return entry.lines;
  }

  async #load(key: string): Promise<string[] | undefined> {
    return (await this.#bucket.get(key))?.split('\n');
  }

  #evict(): void {
    for (const [key, { bytes }] of this.#bodies) {
      if (this.#bytes <= MAX_CACHED_BYTES) return;
      this.#bodies.delete(key);
      this.#bytes -= bytes;
    }
  }
}

const GONE = 'its item is gone: the snapshot of the list has expired';

function contains({ first, count }: Segment, item: number): boolean {
  return item >= first && item < first + count;
}
