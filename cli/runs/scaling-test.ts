import { jobsPerMessageFor } from '../../functions/core/model/packing.ts';
import type { Sizing } from '../../plan/packing.ts';
import type { Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { type Status, verify } from '../cloud/invoke.ts';
import { scale } from '../cloud/scale.ts';
import { counted } from '../terminal/format.ts';
import { startRun, stopRun } from './control-run.ts';
import { drainRun, followRun } from './follow-run.ts';
import { jobsPerMinute, lastCountAt, type Share, sharesOf } from './statistics.ts';

/** The settings of a deployed stack that decide its throughput. */
export interface RunningSettings extends Pick<Sizing, 'batchSize' | 'jobsPerMessage' | 'jobConcurrency'> {
  /** How long a job waits, in milliseconds. */
  workMs: number;
}

/** The result of a run with a given number of workers. */
export interface Measurement {
  workers: number;
  runId: string;
  jobs: number;
  /** From the tick's claim to the last count. */
  seconds: number;
  jobsPerMinute: number;
  /** Throughput relative to the first measurement. */
  speedUp: number;
  shares: Share[];
  failed: number;
  documents: number;
  duplicates: number;
  /** Whether every job is counted exactly once. */
  ok: boolean;
}

/** The maximum of Y, in minutes: a measured run has a single tick. */
const MAX_Y_MINUTES = 1_440;

/** Warm-up runs end when every worker has taken part, or after this number of runs. */
export const MAX_WARM_UPS = 4;

/** Batches per worker in a warm-up run, so that a worker that starts late still gets some. */
const MIN_WARM_UP_BATCHES = 3;
const MAX_WARM_UP_BATCHES = 50;

/** How long a warm-up run lasts at least, and how long a batch without work takes, in milliseconds. */
const MIN_WARM_UP_MS = 1_000;
const MIN_BATCH_MS = 20;

/** Jobs per worker for the largest number of workers. With fewer, the last batches would distort the result. */
const JOBS_PER_WORKER = 800;
const MIN_JOBS = 2_000;

/** The default number of jobs per measurement. */
export function defaultJobs(workers: readonly number[]): number {
  return Math.max(MIN_JOBS, JOBS_PER_WORKER * Math.max(...workers));
}

/** Sets the number of workers, warms them up, and measures a run. @param first the measurement that speed-ups refer to */
export async function measure(
  call: Call,
  deployment: Deployment,
  settings: RunningSettings,
  { workers, jobs, first }: { workers: number; jobs: number; first?: Measurement | undefined },
): Promise<Measurement> {
  const title = counted(workers, 'worker');
  await scale(deployment, call.signal, { min: workers, max: workers });
  await call.step(`Warming up ${title}`, () => warmUp(call, deployment, settings, workers));
  const result = await call.step(`${title}: ${counted(jobs, 'job')}`, () => runJobs(call, deployment, jobs));
  return { workers, ...result, speedUp: first ? result.jobsPerMinute / first.jobsPerMinute : 1 };
}

/** Runs jobs in one tick, verifies them, and returns the result. */
export async function runJobs(
  call: Call,
  deployment: Deployment,
  jobs: number,
): Promise<Omit<Measurement, 'workers' | 'speedUp'>> {
  const status = await runOneTick(call, deployment, jobs);
  const { ok, documents, duplicates } = await verify(deployment, call.signal, status.runId ?? undefined);
  const ms = (lastCountAt(status) ?? 0) - Date.parse(status.lastTickAt ?? '');
  return {
    jobs,
    runId: status.runId ?? '',
    seconds: ms / 1_000,
    jobsPerMinute: jobsPerMinute(status.processed, ms) ?? 0,
    shares: sharesOf(status),
    failed: status.failed,
    documents,
    duplicates,
    ok,
  };
}

async function warmUp(
  call: Call,
  deployment: Deployment,
  settings: RunningSettings,
  workers: number,
): Promise<void> {
  for (let round = 1; round <= MAX_WARM_UPS; round++) {
    const status = await runOneTick(call, deployment, warmUpJobs(settings, workers));
    if (status.workers.length >= workers) return;
  }
  call.output.say(`Fewer than ${counted(workers, 'worker')} took part in the warm-up.`);
}

/** The number of jobs of a warm-up run, so that every worker gets some. */
export function warmUpJobs(settings: RunningSettings, workers: number): number {
  const batchJobs = jobsPerBatch(settings);
  const batchMs = Math.max(MIN_BATCH_MS, (settings.workMs * batchJobs) / settings.jobConcurrency);
  // If batches are short, the first worker would process them all, so short batches need more of them.
  const batches = Math.max(MIN_WARM_UP_BATCHES, Math.ceil(MIN_WARM_UP_MS / batchMs));
  return workers * Math.min(MAX_WARM_UP_BATCHES, batches) * batchJobs;
}

/** Jobs of a full batch. SQS delivers more than ten messages per batch only after a delay. */
export function jobsPerBatch({ workMs, jobsPerMessage, ...settings }: RunningSettings): number {
  const batchSize = Math.min(10, settings.batchSize);
  const packed =
    jobsPerMessage === 'auto'
      ? jobsPerMessageFor(workMs, { ...settings, timeoutMs: Number.POSITIVE_INFINITY })
      : jobsPerMessage;
  return batchSize * packed;
}

/** Starts a run, stops it after its first tick, and waits for the last job. */
async function runOneTick(call: Call, deployment: Deployment, jobs: number): Promise<Status> {
  const runId = await startRun(deployment, jobs, MAX_Y_MINUTES);
  try {
    await followRun(call, deployment, runId, ({ enqueued, running }) => enqueued >= jobs || !running);
  } finally {
    await stopRun(deployment, runId);
  }
  return drainRun(call, deployment, runId);
}
