import { WorkerCounters } from '../../../functions/core/ledger/counters.ts';
import type { Table } from '../../../functions/core/ledger/table.ts';
import type { JobId, RunId, WorkerId } from '../../../functions/core/model/ids.ts';
import type { Message } from '../../../functions/core/model/message.ts';
import type { Tick } from '../../../functions/core/model/tick.ts';

export const RUN = '20261123-214512-k3f9' as RunId;

/** A moment, in milliseconds since 1970. */
export const NOW = Date.UTC(2026, 10, 23, 21, 45, 12);

/** Ten jobs of a run's first tick, 1–10, unless said otherwise. */
export function message(change: Partial<Message> = {}): Message {
  return {
    v: 1,
    runId: RUN,
    tick: 1,
    first: job(1),
    last: job(10),
    enqueuedAt: NOW,
    ...change,
  };
}

/** A tick of 100 jobs in messages of 10, nothing claimed yet, unless said otherwise. */
export function tick(change: Partial<Tick> = {}): Tick {
  return {
    runId: RUN,
    tick: 1,
    firstJob: job(1),
    count: 100,
    claimed: 0,
    sent: 0,
    jobsPerMessage: 10,
    dueAt: NOW,
    claimedAt: NOW,
    sliceClaimedAt: NOW,
    spreadMs: 0,
    index: { name: 'results' },
    ...change,
  };
}

export function job(number: number): JobId {
  return number as JobId;
}

export function jobs(...numbers: number[]): JobId[] {
  return numbers.map(job);
}

/** Names of so many workers whose counters of a run are in one shard. */
export async function workersOfOneShard(runId: RunId, count: number): Promise<WorkerId[]> {
  const empty = { client: { send: async () => ({}) } } as unknown as Table;
  const byShard = new Map<string, WorkerId[]>();
  for (let at = 0; ; at++) {
    const worker = `worker-${at}` as WorkerId;
    const gain = { processed: 1, failed: 0 };
    const shard: string = (await new WorkerCounters(empty, worker).incrementWrite(runId, gain, NOW)).Update
      ?.Key?.pk;
    const workers = [...(byShard.get(shard) ?? []), worker];
    if (workers.length === count) return workers;
    byShard.set(shard, workers);
  }
}
