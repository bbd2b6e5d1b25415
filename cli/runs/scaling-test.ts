import { counted } from '../../text/format.ts';
import type { Call } from '../cloud/call.ts';
import { setConcurrency } from '../cloud/concurrency.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { type Status, verify } from '../cloud/invoke.ts';
import type { RunningSettings } from '../cloud/settings.ts';
import { startRun, stopRun } from './control-run.ts';
import { drainRun, followRun } from './follow-run.ts';
import { jobsPerMinute, lastCountAt, type Share, sharesOf } from './statistics.ts';

/** What a number of workers has done with the same jobs. */
export interface Measurement {
  workers: number;
  runId: string;
  jobs: number;
  /** From the tick's claim to the last count. */
  seconds: number;
  jobsPerMinute: number;
  /** Against the first number of workers measured. */
  speedUp: number;
  shares: Share[];
  failed: number;
  documents: number;
  duplicates: number;
  /** Whether every job was there exactly once. */
  ok: boolean;
}

/** The longest a run can wait for its second tick, in minutes: there should be none. */
const ONE_TICK = 1_440;

/** Every worker has to be there, with its connections open, before a time is taken. */
export const WARM_UPS = 4;

/** Batches for each worker in a warm-up, so that one that starts late still meets some. */
const WARM_UP_BATCHES = 3;

const LEAST_WARM_UP_MS = 1_000;

/** Jobs for each of the most workers: with fewer batches a worker, the last round would decide the result. */
const JOBS_A_WORKER = 800;
const LEAST_JOBS = 2_000;

/** How many jobs a test has unless told otherwise. */
export function jobsFor(workers: readonly number[]): number {
  return Math.max(LEAST_JOBS, JOBS_A_WORKER * Math.max(...workers));
}

/** Measures one number of workers: the system is scaled, warmed up, and then given the jobs. */
export async function measure(
  call: Call,
  deployment: Deployment,
  settings: RunningSettings,
  { workers, jobs, first }: { workers: number; jobs: number; first?: Measurement | undefined },
): Promise<Measurement> {
  await setConcurrency(deployment, workers, call.signal);
  await call.step(`Warming up ${counted(workers, 'worker')}`, () =>
    warmUp(call, deployment, settings, workers),
  );
  const done = await call.step(`${counted(workers, 'worker')}: ${counted(jobs, 'job')}`, () =>
    runJobs(call, deployment, jobs),
  );
  return { workers, ...done, speedUp: first ? done.jobsPerMinute / first.jobsPerMinute : 1 };
}

/** Gives the running workers these jobs, and looks at what came of each. */
export async function runJobs(
  call: Call,
  deployment: Deployment,
  jobs: number,
): Promise<Omit<Measurement, 'workers' | 'speedUp'>> {
  const status = await runOnce(call, deployment, jobs);
  const { ok, documents, duplicates } = await verify(deployment, call.signal, status.runId ?? undefined);
  const ms = (lastCountAt(status) ?? 0) - Date.parse(status.lastTickAt ?? '');
  return {
    ...{ jobs, runId: status.runId ?? '', seconds: ms / 1_000 },
    jobsPerMinute: jobsPerMinute(status.processed, ms) ?? 0,
    shares: sharesOf(status),
    ...{ failed: status.failed, documents, duplicates, ok },
  };
}

async function warmUp(
  call: Call,
  deployment: Deployment,
  settings: RunningSettings,
  workers: number,
): Promise<void> {
  for (let round = 1; round <= WARM_UPS; round++) {
    const status = await runOnce(call, deployment, warmUpJobs(settings, workers));
    if (status.workers.length >= workers) return;
  }
  call.output.say(`Fewer than ${counted(workers, 'worker')} took part in the warm-up.`);
}

/** How many jobs it takes for each worker to meet some. */
export function warmUpJobs(settings: RunningSettings, workers: number): number {
  const batch = jobsPerBatch(settings);
  const batchMs = Math.max(1, (settings.workMs * batch) / settings.jobConcurrency);
  // Batches that are done in no time are all done by the worker that is there first.
  const batches = Math.min(
    50,
    Math.max(WARM_UP_BATCHES, Math.ceil(LEAST_WARM_UP_MS / Math.max(20, batchMs))),
  );
  return workers * batches * batch;
}

/** How many jobs a worker takes at once, when there are plenty. */
export function jobsPerBatch({ batchSize, jobsPerMessage }: RunningSettings): number {
  return Math.min(10, batchSize) * jobsPerMessage;
}

/** A run of one tick, to its last job. */
async function runOnce(call: Call, deployment: Deployment, jobs: number): Promise<Status> {
  const runId = await startRun(deployment, jobs, ONE_TICK);
  try {
    await followRun(call, deployment, runId, ({ enqueued, running }) => enqueued >= jobs || !running);
  } finally {
    await stopRun(deployment, runId);
  }
  return drainRun(call, deployment, runId);
}
