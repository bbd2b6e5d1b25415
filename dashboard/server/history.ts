import type { Status } from '../../functions/status.ts';
import type { History } from '../protocol.ts';

/** How long a bucket is, in milliseconds. */
export const BUCKET_MS = 10_000;

/** Buckets of one hour. */
export const BUCKETS = 360;

/** Workers with a series of their own. More colours cannot be told apart. */
export const MAX_SERIES = 8;

/** What was read in the time of one bucket. The last reading counts. */
interface Bucket {
  /** Jobs that were processed, by worker. */
  processed: Map<string, number>;
  waiting: number | null;
  waitMs: number | null;
  runMs: number | null;
  oldestSeconds: number | null;
  concurrency: number | null;
}

/** The figures of the last hour, in fixed buckets. */
export class FigureHistory {
  readonly #buckets = new Map<number, Bucket>();
  /** The counters of the last reading, by worker. */
  #counters: { runId: string | null; processed: Map<string, number> } | undefined;

  /** Adds a reading. @param at milliseconds since 1970 */
  add(status: Status, at: number): void {
    const bucket = this.#bucketAt(at);
    const processed = new Map(status.workers.map((worker) => [worker.id, worker.processed]));
    if (this.#counters?.runId === status.runId)
      for (const [worker, count] of processed) {
        const gained = count - (this.#counters.processed.get(worker) ?? 0);
        if (gained > 0) bucket.processed.set(worker, (bucket.processed.get(worker) ?? 0) + gained);
      }
    this.#counters = { runId: status.runId, processed };
    bucket.waiting = status.enqueued - status.processed - status.failed;
    bucket.oldestSeconds =
      status.oldestPendingAt === null ? 0 : Math.max(0, (at - Date.parse(status.oldestPendingAt)) / 1_000);
    bucket.concurrency = status.concurrency ?? null;
  }

  /** The last hour until `now`. */
  at(now: number): History {
    const last = Math.floor(now / BUCKET_MS);
    const first = last - BUCKETS + 1;
    for (const number of this.#buckets.keys()) if (number < first) this.#buckets.delete(number);
    const buckets = Array.from({ length: BUCKETS }, (_, index) => this.#buckets.get(first + index));
    const totals = new Map<string, number>();
    for (const bucket of this.#buckets.values())
      for (const [worker, jobs] of bucket.processed) totals.set(worker, (totals.get(worker) ?? 0) + jobs);
    const ranked = [...totals].sort(([, one], [, other]) => other - one).map(([worker]) => worker);
    const workers = ranked.slice(0, MAX_SERIES).sort();
    const own = new Set(workers);
    const rate = (bucket: Bucket | undefined, belongs: (worker: string) => boolean) => {
      if (!bucket) return null;
      const jobs = [...bucket.processed].reduce((sum, [name, each]) => sum + (belongs(name) ? each : 0), 0);
      return (jobs / BUCKET_MS) * 1_000;
    };
    const others = ranked.length - workers.length;
    return {
      from: first * BUCKET_MS,
      bucketMs: BUCKET_MS,
      workers,
      others,
      throughput: [
        ...workers.map((worker) => buckets.map((bucket) => rate(bucket, (name) => name === worker))),
        ...(others > 0 ? [buckets.map((bucket) => rate(bucket, (name) => !own.has(name)))] : []),
      ],
      waiting: buckets.map((bucket) => bucket?.waiting ?? null),
      waitMs: buckets.map((bucket) => bucket?.waitMs ?? null),
      runMs: buckets.map((bucket) => bucket?.runMs ?? null),
      oldestSeconds: buckets.map((bucket) => bucket?.oldestSeconds ?? null),
      concurrency: buckets.map((bucket) => bucket?.concurrency ?? null),
      decisions: [],
      ticks: [],
    };
  }

  #bucketAt(at: number): Bucket {
    const number = Math.floor(at / BUCKET_MS);
    const bucket = this.#buckets.get(number) ?? {
      processed: new Map(),
      waiting: null,
      waitMs: null,
      runMs: null,
      oldestSeconds: null,
      concurrency: null,
    };
    this.#buckets.set(number, bucket);
    return bucket;
  }
}
