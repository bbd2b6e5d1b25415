import { setMaxListeners } from 'node:events';
import pMap from 'p-map';
import { checkItem } from '../items/check-item.ts';
import type { Job, JobLog } from '../job/job.ts';
import { isPermanent, reasonFrom } from '../model/errors.ts';
import type { JobId } from '../model/ids.ts';
import { type ItemEntry, jsonProblem } from '../model/item.ts';
import type { Message } from '../model/message.ts';
import type { Tick } from '../model/tick.ts';
import type { TimingMeter } from '../model/timing.ts';
import type { TimeBudget } from './time-budget.ts';

/** A job to run. */
export interface JobTask {
  jobId: JobId;
  message: Message;
  tick: Tick;
  entry: ItemEntry;
  /** The number of this attempt, from 1. */
  attempt: number;
  /** Since when the job has waited, in milliseconds since 1970; absent if an earlier delivery may have begun it. */
  waitsSince?: number;
}

/** How a job ended. */
export type JobResult =
  | { kind: 'worked'; task: JobTask; item: unknown; output: unknown; endedAt: number }
  | { kind: 'failed'; task: JobTask; reason: string; permanent: boolean }
  /** Not started, or interrupted when the worker's time ran out. The job is not to blame. */
  | { kind: 'left'; task: JobTask };

export interface RunLimits {
  /** Maximum number of jobs that run at the same time. */
  concurrency: number;
  budget: TimeBudget;
  /** When the last job may start, in milliseconds since 1970, if that is before the end of the budget. */
  until: number;
  /** The current time in milliseconds since 1970. */
  clock: () => number;
  /** Called with each result, as soon as the job has ended or was left. */
  onResult?: (result: JobResult) => void;
  /** Measures the jobs that end. */
  meter?: Pick<TimingMeter, 'recordJob'>;
  /** Makes the logger that a job receives; without it, jobs log nothing. */
  logFor?: ((task: JobTask) => JobLog) | undefined;
}

/** An unfinished job that had this share of the worker's time has failed. One that had less only started too late. */
const FAIR_SHARE = 0.8;

/**
 * Runs jobs with limited concurrency until the time is up. A job does not start if it would not end in time, judged by
 * the longest job so far. Never throws: an error that a job throws is that job's result.
 */
export async function runJobs(
  job: Job,
  tasks: readonly JobTask[],
  { clock, concurrency, budget, until, onResult, meter, logFor }: RunLimits,
): Promise<JobResult[]> {
  if (tasks.length === 0) return [];
  const stop = new AbortController();
  // Each job may add listeners. Node would log a warning about a leak at more than ten; these end with the jobs.
  setMaxListeners(0, stop.signal);
  const timeUp = new Promise<typeof TIME_UP>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(TIME_UP), { once: true });
  });
  const timer = setTimeout(
    () => stop.abort(new Error('the worker’s time is up')),
    Math.max(0, budget.workUntil - clock()),
  );
  try {
    return await pMap(
      tasks,
      async (task) => {
        const result = await runUntilTimeUp(task);
        onResult?.(result);
        return result;
      },
      { concurrency },
    );
  } finally {
    clearTimeout(timer);
  }

  async function runUntilTimeUp(task: JobTask): Promise<JobResult> {
    const startedAt = clock();
    if (stop.signal.aborted || startedAt >= until || !budget.hasTimeForJob(startedAt))
      return { kind: 'left', task };
    const result = await Promise.race([runJob(job, task, stop.signal, clock, logFor), timeUp]);
    const endedAt = clock();
    const durationMs = endedAt - startedAt;
    budget.recordJobTime(durationMs);
    const inTime = result !== TIME_UP && !(stop.signal.aborted && result.kind === 'failed');
    if (!inTime && durationMs < budget.workMs * FAIR_SHARE) return { kind: 'left', task };
    const { waitsSince } = task;
    meter?.recordJob(durationMs, endedAt, waitsSince === undefined ? undefined : startedAt - waitsSince);
    if (inTime) return result;
    return {
      kind: 'failed',
      task,
      permanent: false,
      reason: `not done within ${Math.round(durationMs / 100) / 10} s`,
    };
  }
}

const TIME_UP = Symbol('time up');

const SILENT: JobLog = { debug() {}, info() {}, warn() {}, error() {} };

async function runJob(
  job: Job,
  task: JobTask,
  signal: AbortSignal,
  clock: () => number,
  logFor: RunLimits['logFor'],
): Promise<JobResult> {
  const { jobId, message, tick, entry, attempt } = task;
  try {
    if ('problem' in entry) return refused(task, entry.problem);
    const checked = job.item ? await checkItem(job.item, entry.item) : { value: entry.item };
    if ('problem' in checked) return refused(task, checked.problem);
    const output = await job.run(checked.value as never, {
      jobId,
      runId: message.runId,
      tick: message.tick,
      index: jobId - tick.firstJob,
      count: tick.count,
      dueAt: new Date(tick.dueAt),
      attempt,
      signal,
      // Most jobs log nothing.
      get log() {
        return logFor?.(task) ?? SILENT;
      },
    });
    const problem = jsonProblem('output', output);
    if (problem) return refused(task, problem);
    return { kind: 'worked', task, item: entry.item, output, endedAt: clock() };
  } catch (thrown) {
    return { kind: 'failed', task, reason: reasonFrom(thrown), permanent: isPermanent(thrown) };
  }
}

/** A job that cannot work. reasonFrom truncates: a problem may quote the value, and a function is quoted with its whole source. */
function refused(task: JobTask, problem: string): JobResult {
  return { kind: 'failed', task, reason: reasonFrom(new Error(problem)), permanent: true };
}
