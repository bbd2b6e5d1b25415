import { MAX_JOBS_PER_MESSAGE } from './message.ts';
import type { Timing } from './timing.ts';

/** How a tick's jobs are divided into messages. */
export type PackingRule = FixedPacking | AutomaticPacking;

interface FixedPacking {
  /** Maximum jobs per message. */
  jobsPerMessage: number;
  /** Minimum messages per tick, if the tick has that many jobs. */
  minMessages: number;
}

/** Packs by the time that jobs take. */
export interface AutomaticPacking extends Capacity {
  jobsPerMessage: 'auto';
  minMessages: number;
  /** The deployment's setting `autoscale`, without which nobody knows whether a rule of `drumline scale` still applies. */
  autoscale: string;
}

/** What decides, beside the jobs, how long a batch takes and how many batches there should be. */
export interface Capacity {
  /** Messages of a batch. */
  batchSize: number;
  /** Jobs that a worker runs at the same time. */
  jobConcurrency: number;
  /** The consumer's time limit, in milliseconds. */
  timeoutMs: number;
  /** The largest number of workers that may share a tick. */
  workers: number;
}

/** What is known about the jobs when a tick is claimed. */
export interface PackingFigures {
  /** How long jobs take; unknown in a new deployment. */
  timing?: Pick<Timing, 'jobMs'> | undefined;
  /** The number of workers, if it was changed since the deployment. */
  workers?: number | undefined;
}

/** Ten batches of ten messages. With fewer messages a single worker would receive a small tick's jobs. */
export const MIN_MESSAGES_PER_TICK = 100;

/**
 * The duration of a batch that automatic packing aims at, in milliseconds. A longer batch would share a tick less evenly.
 * Source: `npm run bench:packing`, 2026-11-25, two workers, jobs of 10 ms, 100 ms and 1 s. On a busy machine, batches of 2 s
 * reached 88 to 96 % of the throughput of batches of 3 s, which were the longest measured; on a quiet one, jobs of 10 ms
 * were as fast with either.
 */
export const BATCH_MS = 3_000;

/** A batch may take this share of the consumer's time limit. The means hide jobs that take several times as long. */
const MAX_TIMEOUT_SHARE = 0.25;

/** Maximum jobs of a batch, so that their documents fit into a worker's memory. */
const MAX_BATCH_JOBS = 5_000;

/**
 * What a job without work costs its worker, in milliseconds: its document, and its part of the bulk request. An estimate,
 * on the safe side: with two workers, `npm run bench:packing` measured 1.5 million such jobs per minute.
 */
const JOB_OVERHEAD_MS = 0.05;

/** Batches that each worker should get of a tick: with fewer, some workers would be idle while others finish. */
const BATCHES_PER_WORKER = 4;

/** A shorter batch is mostly overhead, in milliseconds. So little work is not divided among more workers. */
const MIN_BATCH_MS = 250;

/** Jobs per message while nobody knows how long they take. */
const CAUTIOUS_JOBS_PER_MESSAGE = 10;

/** The number of jobs per message for a tick of this many jobs. Smaller for small ticks; at least 1. */
export function jobsPerMessageOf(jobs: number, rule: PackingRule, figures: PackingFigures = {}): number {
  const [max, minMessages] =
    rule.jobsPerMessage === 'auto'
      ? [jobsPerMessageFor(figures.timing?.jobMs, rule), minMessagesFor(jobs, rule, figures)]
      : [rule.jobsPerMessage, rule.minMessages];
  return Math.max(1, Math.min(max, Math.floor(jobs / minMessages)));
}

/**
 * The number of jobs per message with which a full batch takes about `BATCH_MS`, or as long as one job if that takes
 * longer; from 1 to `MAX_JOBS_PER_MESSAGE`.
 * @param jobMs mean time that a job runs, in milliseconds; undefined if it is not known
 */
export function jobsPerMessageFor(
  jobMs: number | undefined,
  { batchSize, jobConcurrency, timeoutMs }: Omit<Capacity, 'workers'>,
): number {
  const batchMs = Math.min(BATCH_MS, timeoutMs * MAX_TIMEOUT_SHARE);
  const wanted =
    jobMs === undefined
      ? CAUTIOUS_JOBS_PER_MESSAGE
      : Math.max(
          Math.round(batchMs / shareOfWorkerMs(jobMs, jobConcurrency) / batchSize),
          // Jobs that run at the same time make a batch no longer than one of them, and fewer would leave a worker half idle.
          Math.floor(jobConcurrency / batchSize),
        );
  return Math.max(1, Math.min(wanted, MAX_JOBS_PER_MESSAGE, Math.floor(MAX_BATCH_JOBS / batchSize)));
}

/** How many messages a tick needs, so that each worker gets several batches, unless these would be too short. */
function minMessagesFor(
  jobs: number,
  { minMessages, batchSize, jobConcurrency, workers: deployed }: AutomaticPacking,
  { timing, workers = deployed }: PackingFigures,
): number {
  const tickMs = timing ? jobs * shareOfWorkerMs(timing.jobMs, jobConcurrency) : Number.POSITIVE_INFINITY;
  const batches = Math.min(workers * BATCHES_PER_WORKER, tickMs / MIN_BATCH_MS);
  return Math.max(minMessages, Math.floor(batches) * batchSize);
}

/** By how much a job makes its batch longer, in milliseconds, if `jobConcurrency` jobs run at the same time. */
function shareOfWorkerMs(jobMs: number, jobConcurrency: number): number {
  return jobMs / jobConcurrency + JOB_OVERHEAD_MS;
}
