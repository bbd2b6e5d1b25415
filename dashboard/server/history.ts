import type { Status } from '../../functions/status.ts';
import type { Decision, History } from '../protocol.ts';
import type { BatchFigures, Gauges } from './line-figures.ts';
import { SeriesSlots } from './series-slots.ts';

/** How long a bucket is, in milliseconds. */
export const BUCKET_MS = 10_000;

/** Buckets of one hour. */
export const BUCKETS = 360;

/** Between two readings that are further apart, in milliseconds, nothing is assumed. The longest interval is a minute. */
const MAX_GAP_MS = 90_000;

/** Decisions that are kept: more cannot be read. */
const MAX_DECISIONS = 200;

/** What is known about the time of one bucket. */
interface Bucket {
  /** Jobs that were processed, by worker, and by all of them. */
  processed: Map<string, number>;
  jobs: number;
  waiting: number | null;
  oldestSeconds: number | null;
  concurrency: number | null;
  /** Sums over the jobs whose times are known. */
  wait: { ms: number; jobs: number };
  run: { ms: number; jobs: number };
}

/** The figures that a reading of the status, or the autoscaler's line of a minute, has for one moment. */
type Reading = { at: number } & Partial<Pick<Bucket, 'waiting' | 'oldestSeconds' | 'concurrency'>>;

/**
 * The figures of the last hour, in fixed buckets. Throughput comes from the workers' counters, which are exact. For the time
 * in which no page was open, and so nothing was polled, it comes from the log lines of batches:
 *
 *     from log lines        │ from counters      │ from log lines │ from counters
 *     ──────────────────────●──●──●──●──●──●──●──●────────────────●──●──●──►
 *                       a page is opened      hidden           visible
 */
export class FigureHistory {
  readonly #buckets = new Map<number, Bucket>();
  readonly #slots = new SeriesSlots();
  /** Jobs in all buckets, by worker. */
  readonly #totals = new Map<string, number>();
  readonly #decisions = new Map<number, Decision>();
  readonly #ticks = new Map<number, { tick: number; at: number; jobs: number }>();
  /** Times for which no counters are known: throughput comes from log lines. */
  #unpolled: { from: number; to: number }[] = [];
  #last: { status: Status; at: number; processed: Map<string, number> } | undefined;

  /** Adds a reading of the status. @param at milliseconds since 1970 */
  addStatus(status: Status, at: number): void {
    const last = this.#last;
    const processed = new Map(status.workers.map((worker) => [worker.id, worker.processed]));
    if (status.runId !== last?.status.runId) this.#ticks.clear();
    this.#addTick(status, last?.status);
    this.#addProcessed(status, at, processed);
    const reading = readingOf(status, at);
    this.#addReadings([...(last ? [readingOf(last.status, last.at)] : []), reading]);
    Object.assign(this.#bucketAt(at), reading);
    const { change } = status.scaling;
    if (change)
      this.addDecision({
        at: Date.parse(change.at),
        from: change.from ?? null,
        to: change.to ?? null,
        reason: change.reason,
        ...(change.problem !== undefined && { problem: change.problem }),
      });
    this.#last = { status, at, processed };
  }

  /** Adds batches, each once, in any order. */
  addBatches(batches: readonly BatchFigures[], now: number): void {
    for (const { worker, from, to, processed, jobs, waitMs, runMs } of batches) {
      if (to > now || to < now - BUCKETS * BUCKET_MS) continue;
      const bucket = this.#bucketAt(to);
      if (waitMs !== undefined) addTo(bucket.wait, waitMs, jobs);
      if (runMs !== undefined) addTo(bucket.run, runMs, jobs);
      if (this.#isUnpolled(to)) this.#spread(worker, processed, from, to);
    }
  }

  /** Adds the autoscaler's lines. Values that are known already stay. */
  addGauges(gauges: readonly Gauges[], now: number): void {
    const oldest = now - BUCKETS * BUCKET_MS;
    this.#addReadings(
      gauges.filter(({ at }) => at >= oldest && at <= now).sort((one, other) => one.at - other.at),
    );
  }

  addDecision(decision: Decision): void {
    if (decision.from === decision.to && decision.problem === undefined) return;
    this.#decisions.set(decision.at, decision);
  }

  addTicks(ticks: readonly { tick: number; at: number; jobs: number }[]): void {
    for (const tick of ticks) this.#ticks.set(tick.tick, tick);
  }

  /** The last hour until `now`. */
  at(now: number): History {
    const last = Math.floor(now / BUCKET_MS);
    const first = last - BUCKETS + 1;
    const from = first * BUCKET_MS;
    this.#forgetBefore(first);
    const buckets = Array.from({ length: BUCKETS }, (_, index) => this.#buckets.get(first + index));
    const workers = this.#slots.assign(this.#totals);
    const others = this.#totals.size - workers.length;
    // The last bucket is shorter so far.
    const msOf = (index: number) =>
      index === BUCKETS - 1 ? Math.max(1_000, now - last * BUCKET_MS) : BUCKET_MS;
    const rates = (jobsOf: (bucket: Bucket) => number) =>
      buckets.map((bucket, index) => (bucket ? rounded((jobsOf(bucket) / msOf(index)) * 1_000) : null));
    const mean = (which: 'wait' | 'run') =>
      buckets.map((bucket) =>
        bucket && bucket[which].jobs > 0 ? rounded(bucket[which].ms / bucket[which].jobs) : null,
      );
    const values = (which: 'waiting' | 'oldestSeconds' | 'concurrency') =>
      buckets.map((bucket) => bucket?.[which] ?? null);
    // What waited in an earlier run does not belong to the run that the status shows.
    const begun = Date.parse(this.#last?.status.startedAt ?? '') || 0;
    const ofRun = (which: 'waiting' | 'oldestSeconds') =>
      values(which).map((value, index) => (from + (index + 1) * BUCKET_MS > begun ? value : null));
    return {
      from,
      bucketMs: BUCKET_MS,
      workers,
      others,
      throughput: [
        ...workers.map((worker) => rates(({ processed }) => processed.get(worker) ?? 0)),
        ...(others > 0
          ? [
              rates(({ jobs, processed }) =>
                workers.reduce((rest, worker) => rest - (processed.get(worker) ?? 0), jobs),
              ),
            ]
          : []),
      ],
      waiting: ofRun('waiting'),
      waitMs: mean('wait'),
      runMs: mean('run'),
      oldestSeconds: ofRun('oldestSeconds'),
      concurrency: values('concurrency'),
      decisions: [...this.#decisions.values()].sort((one, other) => one.at - other.at).slice(-MAX_DECISIONS),
      ticks: [...this.#ticks.values()]
        .filter(({ at }) => at >= from)
        .sort((one, other) => one.tick - other.tick),
    };
  }

  #addTick(status: Status, last: Status | undefined): void {
    const { tick, lastTickAt, x, enqueued } = status;
    if (tick === 0 || lastTickAt === null || (this.#ticks.get(tick)?.jobs ?? 0) > 0) return;
    const gained = last?.runId === status.runId ? enqueued - last.enqueued : enqueued;
    this.#ticks.set(tick, { tick, at: Date.parse(lastTickAt), jobs: typeof x === 'number' ? x : gained });
  }

  /** Adds what the counters have gained since the last reading. */
  #addProcessed(status: Status, at: number, processed: ReadonlyMap<string, number>): void {
    const last = this.#last;
    const isSameRun = last?.status.runId === status.runId;
    // A new run has counted everything since it began.
    const begunAt = isSameRun || status.startedAt === null ? 0 : Date.parse(status.startedAt);
    const from = last && Math.max(last.at, begunAt);
    if (
      !last ||
      from === undefined ||
      at - last.at > MAX_GAP_MS ||
      (!isSameRun && begunAt < last.at - MAX_GAP_MS)
    ) {
      this.#unpolled.push({ from: last?.at ?? 0, to: at });
      return;
    }
    for (const [worker, count] of processed) {
      const gained = count - (isSameRun ? (last.processed.get(worker) ?? 0) : 0);
      if (gained > 0) this.#spread(worker, gained, Math.min(from, at), at);
    }
    // A worker that does nothing has a rate of 0, and no gap.
    for (let number = numberOf(from); number <= numberOf(at); number++) this.#bucketAt(number * BUCKET_MS);
  }

  /** Adds jobs of a worker evenly to the buckets of a time. */
  #spread(worker: string, jobs: number, from: number, to: number): void {
    const oldest = to - BUCKETS * BUCKET_MS;
    for (let number = numberOf(Math.max(from, oldest)); number <= numberOf(to); number++) {
      const begin = Math.max(from, number * BUCKET_MS);
      const end = Math.min(to, (number + 1) * BUCKET_MS);
      const share = to > from ? jobs * ((end - begin) / (to - from)) : jobs;
      if (share <= 0) continue;
      const bucket = this.#bucketAt(number * BUCKET_MS);
      bucket.processed.set(worker, (bucket.processed.get(worker) ?? 0) + share);
      bucket.jobs += share;
      this.#totals.set(worker, (this.#totals.get(worker) ?? 0) + share);
    }
  }

  /** Fills the buckets of readings, and those between two that follow each other closely, where nothing is known yet. */
  #addReadings(readings: readonly Reading[]): void {
    for (const [index, reading] of readings.entries()) {
      const before = readings[index - 1];
      const isClose = before && reading.at - before.at <= MAX_GAP_MS;
      for (
        let number = numberOf(isClose ? before.at : reading.at);
        number <= numberOf(reading.at);
        number++
      ) {
        const bucket = this.#bucketAt(number * BUCKET_MS);
        const share = isClose
          ? Math.min(1, Math.max(0, (number * BUCKET_MS - before.at) / (reading.at - before.at)))
          : 1;
        for (const name of ['waiting', 'oldestSeconds'] as const) {
          const [one, other] = [before?.[name], reading[name]];
          if (typeof other !== 'number') continue;
          const start = isClose && typeof one === 'number' ? one : other;
          bucket[name] ??= Math.round(start + (other - start) * share);
        }
        // The number of workers changes at once.
        const steady = share < 1 ? before?.concurrency : reading.concurrency;
        if (typeof steady === 'number') bucket.concurrency ??= steady;
      }
    }
  }

  #isUnpolled(at: number): boolean {
    return this.#unpolled.some(({ from, to }) => at > from && at <= to);
  }

  #forgetBefore(first: number): void {
    for (const [number, { processed }] of this.#buckets) {
      if (number >= first) continue;
      for (const [worker, jobs] of processed) {
        const left = (this.#totals.get(worker) ?? 0) - jobs;
        if (left > 0.001) this.#totals.set(worker, left);
        else this.#totals.delete(worker);
      }
      this.#buckets.delete(number);
    }
    const from = first * BUCKET_MS;
    for (const at of this.#decisions.keys()) if (at < from) this.#decisions.delete(at);
    for (const [number, { at }] of this.#ticks) if (at < from) this.#ticks.delete(number);
    this.#unpolled = this.#unpolled.filter(({ to }) => to >= from);
  }

  #bucketAt(at: number): Bucket {
    const number = numberOf(at);
    let bucket = this.#buckets.get(number);
    if (!bucket) {
      bucket = {
        ...{ processed: new Map(), jobs: 0, waiting: null, oldestSeconds: null, concurrency: null },
        ...{ wait: { ms: 0, jobs: 0 }, run: { ms: 0, jobs: 0 } },
      };
      this.#buckets.set(number, bucket);
    }
    return bucket;
  }
}

function readingOf(status: Status, at: number): Reading {
  const { enqueued, processed, failed, oldestPendingAt, concurrency } = status;
  const waited = oldestPendingAt === null ? 0 : at - Date.parse(oldestPendingAt);
  return {
    at,
    waiting: enqueued - processed - failed,
    oldestSeconds: Math.max(0, Math.round(waited / 1_000)),
    concurrency: concurrency ?? null,
  };
}

function numberOf(at: number): number {
  return Math.floor(at / BUCKET_MS);
}

function addTo(sum: { ms: number; jobs: number }, ms: number, jobs: number): void {
  sum.ms += ms * jobs;
  sum.jobs += jobs;
}

/** Three significant decimals are enough for a chart, and keep the view small. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
