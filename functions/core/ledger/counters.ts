import { createHash } from 'node:crypto';
import type { RunId, WorkerId } from '../model/ids.ts';
import { type Timing, TimingMeter } from '../model/timing.ts';
import { type Item, type Key, queryItems, type Table, type TransactionWrite, updateWrite } from './table.ts';

/**
 * One worker's count of a run's jobs. Each worker adds to its own counter, so that workers never contend; a run's totals
 * are the sum of all counters.
 *
 * The number of counters stays bounded although workers come and go: if a shard has many counters, a new worker takes
 * over the counter of a retired one, in the same item. (Moving counts between two items would not be safe, because a
 * Query is read-committed beside transactions and could see them twice or not at all.)
 */
export interface Counter {
  /** The worker that adds to the counter. */
  holder: WorkerId;
  processed: number;
  /** Negative if this worker has processed jobs that other workers had counted as failed. */
  failed: number;
  /** When the holder last added to the counter, in milliseconds since 1970. */
  lastSeenAt: number;
  /** How long the holder's jobs take, of whatever run; absent before it ran one. */
  timing?: Timing;
  /** What the previous holders counted, and how many holders there were. */
  retired: { processed: number; failed: number; workers: number };
}

/** The change of a counter. */
export interface CounterDelta {
  processed: number;
  failed: number;
}

/**
 * The number of partitions for a run's counters. A partition accepts 1,000 write units per second ("Burst and adaptive
 * capacity"), and a counter's write in a transaction takes two, so 16 partitions accept 8,000 batches per second.
 */
export const COUNTER_SHARDS = 16;

/**
 * A worker's counter may be taken over when the worker has counted nothing for this long, in milliseconds. Lambda keeps
 * idle environments for minutes. A worker that returns later takes another counter.
 */
export const RETIRED_AFTER_MS = 15 * 60_000;

/** Counters are taken over only in shards with at least this many, so status shows the load split of 128 workers. */
export const WORKERS_PER_SHARD = 8;

const COUNTER = 'COUNTER#';
const partitionOf = (runId: RunId, shard: number) => `COUNTERS#${runId}#${shard}`;

/** Reads all counters of a run, each as of some moment during the call. @throws Unavailable */
export async function listCounters(table: Table, runId: RunId): Promise<Counter[]> {
  const shards = Array.from({ length: COUNTER_SHARDS }, (_, shard) => listShard(table, runId, shard));
  return (await Promise.all(shards)).flat().map(({ counter }) => counter);
}

/** One worker's counters, one for each run. `LedgerWriter.commit` (message-records.ts) counts jobs: it adds to them. */
export class WorkerCounters {
  readonly #keys = new Map<RunId, Key>();
  /** Runs in which this worker has lost its counter, or the race for one. It then creates a new counter. */
  readonly #contended = new Set<RunId>();
  readonly #shard: number;
  /** Measures this worker's jobs. Each write of a counter includes the result. */
  readonly meter = new TimingMeter();

  constructor(
    readonly table: Table,
    readonly worker: WorkerId,
  ) {
    this.#shard = createHash('sha256').update(worker).digest().readUInt32BE() % COUNTER_SHARDS;
  }

  /**
   * Creates the write that adds to this worker's counter of a run. The condition of the write fails if another worker has
   * taken over the counter. In that case call `loseCounter` and create another write.
   * @param now milliseconds since 1970
   * @throws Unavailable
   */
  async incrementWrite(runId: RunId, delta: CounterDelta, now: number): Promise<TransactionWrite> {
    const known = this.#keys.get(runId);
    if (known) return this.#increment(known, delta, now);
    const shard = await listShard(this.table, runId, this.#shard);
    const own = shard.find(({ counter }) => counter.holder === this.worker);
    const idle = shard
      .filter(({ counter }) => counter.lastSeenAt < now - RETIRED_AFTER_MS)
      .sort((a, b) => a.counter.lastSeenAt - b.counter.lastSeenAt)[0];
    const hasRoom = shard.length < WORKERS_PER_SHARD || this.#contended.has(runId);
    const retired = own || hasRoom ? undefined : idle;
    const key = (own ?? retired)?.key ?? this.#newKey(runId, now);
    this.#keys.set(runId, key);
    return retired ? this.#takeOver(retired, delta, now) : this.#increment(key, delta, now);
  }

  /** The key contains the time, because an earlier counter of this worker may belong to another worker now. */
  #newKey(runId: RunId, now: number): Key {
    return { pk: partitionOf(runId, this.#shard), sk: `${COUNTER}${this.worker}#${now}` };
  }

  /** Records that another worker has taken over this worker's counter of the run. */
  loseCounter(runId: RunId): void {
    this.#keys.delete(runId);
    this.#contended.add(runId);
  }

  #increment(key: Key, { processed, failed }: CounterDelta, now: number): TransactionWrite {
    const timing = this.meter.timingAt(now);
    return updateWrite(this.table, key, {
      UpdateExpression: `SET holder = :me, lastSeenAt = :now${setting(timing)} ADD jobsProcessed :processed, jobsFailed :failed`,
      ConditionExpression: 'attribute_not_exists(holder) OR holder = :me',
      ExpressionAttributeValues: {
        ':me': this.worker,
        ':now': now,
        ':processed': processed,
        ':failed': failed,
        ...(timing && { ':timing': timing }),
      },
    });
  }

  #takeOver({ key, counter }: StoredCounter, delta: CounterDelta, now: number): TransactionWrite {
    const { holder, processed, failed, lastSeenAt, retired } = counter;
    const timing = this.meter.timingAt(now);
    return updateWrite(this.table, key, {
      UpdateExpression:
        `SET holder = :me, lastSeenAt = :now${setting(timing)}, jobsProcessed = :processed, jobsFailed = :failed, ` +
        'retiredProcessed = :retiredProcessed, retiredFailed = :retiredFailed, retiredWorkers = :retiredWorkers',
      // The previous holder may be counting again at the same time.
      ConditionExpression:
        'holder = :holder AND lastSeenAt = :seen AND jobsProcessed = :readProcessed AND jobsFailed = :readFailed',
      ExpressionAttributeValues: {
        ':me': this.worker,
        ':now': now,
        ':processed': delta.processed,
        ':failed': delta.failed,
        ...(timing && { ':timing': timing }),
        ':retiredProcessed': retired.processed + processed,
        ':retiredFailed': retired.failed + failed,
        ':retiredWorkers': retired.workers + 1,
        ':holder': holder,
        ':seen': lastSeenAt,
        ':readProcessed': processed,
        ':readFailed': failed,
      },
    });
  }
}

/** The part of an update expression that sets `:timing`, if there is one. */
function setting(timing: Timing | undefined): string {
  return timing ? ', timing = :timing' : '';
}

interface StoredCounter {
  key: Key;
  counter: Counter;
}

async function listShard(table: Table, runId: RunId, shard: number): Promise<StoredCounter[]> {
  const counters: StoredCounter[] = [];
  for await (const item of queryItems(table, partitionOf(runId, shard), COUNTER))
    counters.push({ key: { pk: item.pk as string, sk: item.sk as string }, counter: toCounter(item) });
  return counters;
}

/** The attributes have other names than the fields because `processed` is a reserved word in DynamoDB. */
function toCounter(item: Item): Counter {
  return {
    holder: item.holder as WorkerId,
    processed: item.jobsProcessed as number,
    failed: item.jobsFailed as number,
    lastSeenAt: item.lastSeenAt as number,
    ...(item.timing !== undefined && { timing: item.timing as Timing }),
    retired: {
      processed: (item.retiredProcessed ?? 0) as number,
      failed: (item.retiredFailed ?? 0) as number,
      workers: (item.retiredWorkers ?? 0) as number,
    },
  };
}
