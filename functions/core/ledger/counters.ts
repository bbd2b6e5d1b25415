import { createHash } from 'node:crypto';
import type { RunId, WorkerId } from '../model/ids.ts';
import { type Item, type Key, queryItems, type Table, type TransactionWrite } from './table.ts';

/**
 * What workers have counted in a run. Each worker adds to a counter of its own, so that workers never wait for each
 * other, and the totals are the sum over all counters.
 *
 * A run may last for years while worker environments come and go, and what a status reads stays bounded: where a shard
 * has many counters, a new worker takes over the counter of one that is gone, and the counter keeps what that one has
 * counted. All of it is one item, so no reader can see half of it. (A Query is read-committed beside a transaction:
 * counts that a transaction moved from one item to another could be met twice, or missed.)
 */
export interface Counter {
  /** The worker that adds to it. */
  holder: WorkerId;
  processed: number;
  /** Less than zero where jobs that another worker had given up were done after all. */
  failed: number;
  /** When the holder last added to it, milliseconds since 1970. */
  lastSeenAt: number;
  /** What the holders before this one have counted, and how many they were. */
  retired: { processed: number; failed: number; workers: number };
}

/** What one batch adds. */
export interface CounterDelta {
  processed: number;
  failed: number;
}

/**
 * Partitions that a run's counters are spread over. One takes 1,000 write units a second ("Burst and adaptive
 * capacity"), and a counter's write in a transaction is two: 16 take 8,000 batches a second.
 */
export const COUNTER_SHARDS = 16;

/**
 * How long a worker has counted nothing before its counter may be taken over, in milliseconds. Lambda keeps idle
 * environments for minutes. One that comes back after that takes another counter.
 */
export const RETIRED_AFTER_MS = 15 * 60_000;

/** Counters of a shard before one is taken over, so that the split of the load stays to be seen: 128 workers in all. */
export const WORKERS_PER_SHARD = 8;

const COUNTER = 'COUNTER#';
const partitionOf = (runId: RunId, shard: number) => `COUNTERS#${runId}#${shard}`;

/** All counters of a run. Each is as it was at some moment of the call. @throws Unavailable */
export async function listCounters(table: Table, runId: RunId): Promise<Counter[]> {
  const shards = Array.from({ length: COUNTER_SHARDS }, (_, shard) => listShard(table, runId, shard));
  return (await Promise.all(shards)).flat().map(({ counter }) => counter);
}

/** One worker's counters, by the runs that it has counted jobs of. */
export class WorkerCounters {
  readonly #keys = new Map<RunId, Key>();
  /** Runs in which another worker was first to take a counter over. */
  readonly #contended = new Set<RunId>();
  readonly #shard: number;

  constructor(
    readonly table: Table,
    readonly worker: WorkerId,
  ) {
    this.#shard = createHash('sha256').update(worker).digest().readUInt32BE() % COUNTER_SHARDS;
  }

  /**
   * Creates the write that adds to this worker's counter of a run. Its condition fails where another worker has taken the
   * counter over; then call `loseCounter` and create another write.
   * @param now milliseconds since 1970
   * @throws Unavailable
   */
  async incrementWrite(runId: RunId, gain: CounterDelta, now: number): Promise<TransactionWrite> {
    const known = this.#keys.get(runId);
    if (known) return this.#increment(known, gain, now);
    const shard = await listShard(this.table, runId, this.#shard);
    const own = shard.find(({ counter }) => counter.holder === this.worker);
    const idle = shard
      .filter(({ counter }) => counter.lastSeenAt < now - RETIRED_AFTER_MS)
      .sort((a, b) => a.counter.lastSeenAt - b.counter.lastSeenAt)[0];
    const isRoomy = shard.length < WORKERS_PER_SHARD || this.#contended.has(runId);
    const retired = own || isRoomy ? undefined : idle;
    const key = (own ?? retired)?.key ?? this.#newKey(runId, now);
    this.#keys.set(runId, key);
    return retired ? this.#takeOver(retired, gain, now) : this.#increment(key, gain, now);
  }

  /** With the time in it: an earlier counter of this worker may be another's by now. */
  #newKey(runId: RunId, now: number): Key {
    return { pk: partitionOf(runId, this.#shard), sk: `${COUNTER}${this.worker}#${now}` };
  }

  /** Records that another worker has taken over this worker's counter of the run. */
  loseCounter(runId: RunId): void {
    this.#keys.delete(runId);
    this.#contended.add(runId);
  }

  #increment(Key: Key, { processed, failed }: CounterDelta, now: number): TransactionWrite {
    return {
      Update: {
        TableName: this.table.name,
        Key,
        UpdateExpression:
          'SET holder = :me, lastSeenAt = :now ADD jobsProcessed :processed, jobsFailed :failed',
        ConditionExpression: 'attribute_not_exists(holder) OR holder = :me',
        ExpressionAttributeValues: {
          ':me': this.worker,
          ':now': now,
          ':processed': processed,
          ':failed': failed,
        },
      },
    };
  }

  #takeOver({ key, counter }: Listed, gain: CounterDelta, now: number): TransactionWrite {
    const { holder, processed, failed, lastSeenAt, retired } = counter;
    return {
      Update: {
        TableName: this.table.name,
        Key: key,
        UpdateExpression:
          'SET holder = :me, lastSeenAt = :now, jobsProcessed = :processed, jobsFailed = :failed, ' +
          'retiredProcessed = :retiredProcessed, retiredFailed = :retiredFailed, retiredWorkers = :retiredWorkers',
        // Its holder may count again at this very moment.
        ConditionExpression:
          'holder = :holder AND lastSeenAt = :seen AND jobsProcessed = :readProcessed AND jobsFailed = :readFailed',
        ExpressionAttributeValues: {
          ':me': this.worker,
          ':now': now,
          ':processed': gain.processed,
          ':failed': gain.failed,
          ':retiredProcessed': retired.processed + processed,
          ':retiredFailed': retired.failed + failed,
          ':retiredWorkers': retired.workers + 1,
          ':holder': holder,
          ':seen': lastSeenAt,
          ':readProcessed': processed,
          ':readFailed': failed,
        },
      },
    };
  }
}

interface Listed {
  key: Key;
  counter: Counter;
}

async function listShard(table: Table, runId: RunId, shard: number): Promise<Listed[]> {
  const listed: Listed[] = [];
  for await (const item of queryItems(table, partitionOf(runId, shard), COUNTER))
    listed.push({ key: { pk: item.pk as string, sk: item.sk as string }, counter: toCounter(item) });
  return listed;
}

/** (`processed` is a reserved word in DynamoDB.) */
function toCounter(item: Item): Counter {
  return {
    holder: item.holder as WorkerId,
    processed: item.jobsProcessed as number,
    failed: item.jobsFailed as number,
    lastSeenAt: item.lastSeenAt as number,
    retired: {
      processed: (item.retiredProcessed ?? 0) as number,
      failed: (item.retiredFailed ?? 0) as number,
      workers: (item.retiredWorkers ?? 0) as number,
    },
  };
}
