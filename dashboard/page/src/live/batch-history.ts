import type { Batch, Batches } from '../../../protocol.ts';

/** How long batches are kept, in milliseconds. */
export const BATCHES_KEPT_MS = 11 * 60_000;

/**
 * The batches of one worker, the oldest first: the batch `i` has the values at `i` of all arrays. 180,000 batches, which
 * 1,000 workers do in ten minutes, take a fifth of the memory of objects.
 */
export interface WorkerBatches {
  worker: string;
  /** When the oldest batch began that was ever seen here, in milliseconds since 1970. */
  firstAt: number;
  from: number[];
  to: number[];
  processed: number[];
  failed: number[];
  /** 0 if the tick is not known. */
  tick: number[];
}

/** The batches of the last minutes, by worker. */
export class BatchHistory {
  #workers = new Map<string, WorkerBatches>();
  /** Whether the server has left out batches. */
  truncated = false;

  /** The workers with batches, in the order in which they were first seen. */
  workers(): WorkerBatches[] {
    return [...this.#workers.values()].sort(
      (one, other) => one.firstAt - other.firstAt || (one.worker < other.worker ? -1 : 1),
    );
  }

  add({ all, batches, truncated = false }: Batches): void {
    const before = this.#workers;
    if (all) {
      this.#workers = new Map();
      this.truncated = false;
    }
    this.truncated ||= truncated;
    for (const batch of batches) {
      const known = this.#workers.get(batch.worker) ?? emptyOf(batch, before.get(batch.worker));
      this.#workers.set(batch.worker, known);
      insert(known, batch);
    }
    this.#forget();
  }

  #forget(): void {
    let newest = 0;
    for (const { to } of this.#workers.values()) newest = Math.max(newest, to.at(-1) ?? 0);
    for (const [worker, { from, to, processed, failed, tick }] of this.#workers) {
      const old = firstAfter(to, newest - BATCHES_KEPT_MS);
      if (old === to.length) this.#workers.delete(worker);
      else if (old > 0) for (const values of [from, to, processed, failed, tick]) values.splice(0, old);
    }
  }
}

function emptyOf({ worker, from }: Batch, before: WorkerBatches | undefined): WorkerBatches {
  const firstAt = before?.firstAt ?? from;
  return { worker, firstAt, from: [], to: [], processed: [], failed: [], tick: [] };
}

/** A worker does one batch after the other, but their log lines may arrive in another order. */
function insert(known: WorkerBatches, { from, to, processed, failed, tick = 0 }: Batch): void {
  const at = firstAfter(known.to, to);
  known.firstAt = Math.min(known.firstAt, from);
  if (at === known.to.length) {
    known.from.push(from);
    known.to.push(to);
    known.processed.push(processed);
    known.failed.push(failed);
    known.tick.push(tick);
    return;
  }
  known.from.splice(at, 0, from);
  known.to.splice(at, 0, to);
  known.processed.splice(at, 0, processed);
  known.failed.splice(at, 0, failed);
  known.tick.splice(at, 0, tick);
}

/** The index of the first value above `limit` in ascending `values`; their number if there is none. */
export function firstAfter(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
