import type { Redis } from 'ioredis';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { type JobId, newRunId, type RunId } from '../../functions/core/model/ids.ts';
import { connect, type Results } from '../../functions/core/results/client.ts';
import { ensureIndex } from '../../functions/core/results/ensure-index.ts';
import type { Context, System } from '../benchmark.ts';
import type { OwnCloud } from '../own-cloud.ts';
import type { PeerJob } from './job.ts';

/** How a peer's workers take jobs: a job a message, ten at a time. */
export const PACKING = { batchSize: 10, jobsPerMessage: 1, jobConcurrency: 10 };

/** What a peer with worker processes of its own works with. */
export interface PeerPlaces {
  redisUrl: string;
  redis: Redis;
  results: Results;
  elasticsearchUrl: string;
  signal: AbortSignal;
}

/** What such a worker process is told; the rest is the peer's own. */
export function workerEnvironment(places: PeerPlaces, workMs: number): Record<string, string> {
  return {
    PEER_REDIS_URL: places.redisUrl,
    PEER_ELASTICSEARCH_URL: places.elasticsearchUrl,
    PEER_INDEX: places.results.index,
    DRUMLINE_WORK_MS: String(workMs),
  };
}

/** Sent at a time, where a peer takes several. */
export const SENT_AT_ONCE = 1_000;

/** A run that has not come further for so long won't. */
export const STUCK_AFTER_MS = 60_000;

let lastJob = 0;

/** Jobs of a new run, which no peer has had before. */
export function newJobs(count: number): { runId: RunId; jobs: PeerJob[] } {
  const enqueuedAt = Date.now();
  const runId = newRunId(enqueuedAt);
  const jobs = Array.from({ length: count }, () => ({ jobId: ++lastJob as JobId, runId, enqueuedAt }));
  return { runId, jobs };
}

/** A results index of the peer's own, made as ours is. */
export async function openIndex({ atEnd }: Context, { home }: OwnCloud, system: System): Promise<Results> {
  const { indexShards, indexReplicas, indexRefreshSeconds } = effectiveSettings({});
  const results = connect(home.elasticsearchUrl, `bench-${system}`);
  const made = { shards: indexShards, replicas: indexReplicas, refreshSeconds: indexRefreshSeconds };
  await ensureIndex({ ...results, indexSettings: made });
  atEnd(() => results.client.close());
  return results;
}

/** Waits until all jobs are counted. @throws Error when the count stands still */
export async function allCounted(
  jobs: number,
  readCount: () => Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  let [counted, since] = [0, Date.now()];
  for (;;) {
    signal.throwIfAborted();
    const now = await readCount();
    if (now >= jobs) return now;
    if (now > counted) [counted, since] = [now, Date.now()];
    if (Date.now() - since > STUCK_AFTER_MS) throw new Error(`of ${jobs} jobs only ${counted} are counted`);
    await new Promise((resolve) => setTimeout(resolve, COUNTED_EVERY_MS));
  }
}

const COUNTED_EVERY_MS = 200;
