import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { type JobId, newRunId, type RunId } from '../../functions/core/model/ids.ts';
import { connect, type Results } from '../../functions/core/results/client.ts';
import { ensureIndex } from '../../functions/core/results/ensure-index.ts';
import { mappingOf } from '../../functions/core/results/mapping.ts';
import { refresh } from '../../functions/core/results/search.ts';
import type { Context } from '../harness/benchmark.ts';
import type { Outcome, SystemName } from '../harness/throughput.ts';
import type { PeerJob } from './peer-job.ts';

/** How the workers of every peer take jobs: one job per message, ten at a time. */
export const PEER_PACKING = { batchSize: 10, jobsPerMessage: 1, jobConcurrency: 10 };

/** What a peer with its own worker processes needs. */
export interface PeerServices {
  redisUrl: string;
  redis: Redis;
  results: Results;
  elasticsearchUrl: string;
  signal: AbortSignal;
}

/** Jobs sent in one call, by peers that can send several. */
export const SEND_CHUNK = 1_000;

/** A run whose count has not grown for this long has failed. */
const STUCK_AFTER_MS = 60_000;

const COUNT_INTERVAL_MS = 200;

/** More than any benchmark has. */
const MAX_WORKERS = 100;

let lastJob = 0;

/** Jobs of a new run. No two runs share a jobId. */
export function newJobs(count: number): { runId: RunId; jobs: PeerJob[] } {
  const enqueuedAt = Date.now();
  const runId = newRunId(enqueuedAt);
  const jobs = Array.from({ length: count }, () => ({ jobId: ++lastJob as JobId, runId, enqueuedAt }));
  return { runId, jobs };
}

/** Creates a peer's own results index, with the same settings as Drumline's. */
export async function openPeerIndex(
  { atEnd }: Context,
  elasticsearchUrl: string,
  system: SystemName,
): Promise<Results> {
  const { indexShards, indexReplicas, indexRefreshSeconds } = effectiveSettings({});
  const results = connect(elasticsearchUrl, `bench-${system}`, {
    mapping: mappingOf({ list: false, output: 'long' }),
  });
  const indexSettings = { shards: indexShards, replicas: indexReplicas, refreshSeconds: indexRefreshSeconds };
  await ensureIndex({ ...results, indexSettings });
  atEnd(() => results.client.close());
  return results;
}

/** What differs between the peers. All jobs of a run are in the queue before its time starts. */
export interface PeerQueue {
  fill(runId: RunId, jobs: readonly PeerJob[]): Promise<unknown>;
  /** Lets the workers take the jobs. */
  open(runId: RunId): Promise<unknown>;
  /** How many jobs the peer has counted. */
  readCount(runId: RunId): Promise<unknown>;
  /** Ends the run, even if it failed. */
  close(runId: RunId): Promise<unknown>;
}

/** Runs jobs through a peer. @throws Error if a job is not counted exactly once or does not have exactly one document */
export async function runPeer(
  queue: PeerQueue,
  { results, signal }: Pick<PeerServices, 'results' | 'signal'>,
  count: number,
  workMs: number,
): Promise<Outcome> {
  const { runId, jobs } = newJobs(count);
  await queue.fill(runId, jobs);
  try {
    await queue.open(runId);
    const counted = await allCounted(count, async () => Number(await queue.readCount(runId)), signal);
    return await outcomeOf(results, { runId, jobs: count, counted, workMs });
  } finally {
    await queue.close(runId);
  }
}

/** Waits until all jobs are counted. @returns the count @throws Error if the count no longer grows */
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
    if (Date.now() - since > STUCK_AFTER_MS) throw new Error(`only ${counted} of ${jobs} jobs are counted`);
    await sleep(COUNT_INTERVAL_MS);
  }
}

interface Aggregations {
  first: { value: number };
  last: { value: number };
  workers: { buckets: { doc_count: number }[] };
}

/**
 * Reads a finished run's outcome from its documents; `counted` is the peer's own counter. The time goes from the start of the first job to the end of the last:
 * sending the jobs and starting to take them are not held against a peer. (Drumline's time includes both.)
 * @throws Error if a job has no document, or the count is wrong
 */
export async function outcomeOf(
  results: Results,
  { runId, jobs, counted, workMs }: { runId: RunId; jobs: number; counted: number; workMs: number },
): Promise<Outcome> {
  await refresh(results);
  const { hits, aggregations } = await results.client.search<unknown, Aggregations>({
    index: results.index,
    size: 0,
    track_total_hits: true,
    query: { term: { runId } },
    aggs: {
      first: { min: { field: 'processedAt' } },
      last: { max: { field: 'processedAt' } },
      workers: { terms: { field: 'workerId', size: MAX_WORKERS } },
    },
  });
  const documents = typeof hits.total === 'number' ? hits.total : hits.total?.value;
  if (!aggregations || documents !== jobs || counted !== jobs)
    throw new Error(`of ${jobs} jobs, ${counted} are counted and ${documents} have a document`);
  const { first, last, workers } = aggregations;
  return {
    jobs,
    ms: last.value - (first.value - workMs),
    shares: workers.buckets.map(({ doc_count }) => doc_count),
  };
}
