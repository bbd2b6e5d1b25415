import { setMaxListeners } from 'node:events';
import pMap from 'p-map';
import { PermanentError, reasonFrom } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import type { Message } from '../model/message.ts';
import type { TimeBudget } from './time-budget.ts';

/** What a job's work receives besides its input. */
export interface JobContext {
  jobId: JobId;
  runId: RunId;
  tick: number;
  /** Aborts when the worker's time is up. The job is then retried, and the result of this attempt is discarded. */
  signal: AbortSignal;
}

/** The user's functions, as functions/job.ts exports them. */
export interface Job {
  input(jobId: JobId): unknown;
  work(input: never, context: JobContext): unknown;
}

/** A job to run. */
export interface JobTask {
  jobId: JobId;
  message: Message;
  /** The index for its document. */
  index: string;
}

/** How a job ended. */
export type JobResult =
  | { kind: 'worked'; task: JobTask; input: unknown; output: unknown; endedAt: number }
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
}

/** Maximum size of an input or output, in characters of JSON. A bulk of 100 such documents stays below Elasticsearch's 100 MB. */
export const MAX_JSON_CHARACTERS = 256_000;

/** An unfinished job that had this share of the worker's time has failed. One that had less only started too late. */
const FAIR_SHARE = 0.8;

/**
 * Runs jobs with limited concurrency until the time is up. A job does not start if it would not end in time, judged by
 * the longest job so far. Never throws: an error that a job throws is that job's result.
 */
export async function runJobs(
  job: Job,
  tasks: readonly JobTask[],
  { clock, concurrency, budget, until }: RunLimits,
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
      async (task): Promise<JobResult> => {
        const startedAt = clock();
        if (stop.signal.aborted || startedAt >= until || !budget.hasTimeForJob(startedAt))
          return { kind: 'left', task };
        const result = await Promise.race([runJob(job, task, stop.signal, clock), timeUp]);
        const durationMs = clock() - startedAt;
        budget.recordJobTime(durationMs);
        if (result !== TIME_UP && !(stop.signal.aborted && result.kind === 'failed')) return result;
        if (durationMs < budget.workMs * FAIR_SHARE) return { kind: 'left', task };
        return {
          kind: 'failed',
          task,
          permanent: false,
          reason: `not done within ${Math.round(durationMs / 100) / 10} s`,
        };
      },
      { concurrency },
    );
  } finally {
    clearTimeout(timer);
  }
}

const TIME_UP = Symbol('time up');

async function runJob(job: Job, task: JobTask, signal: AbortSignal, clock: () => number): Promise<JobResult> {
  const { jobId, message } = task;
  try {
    const input = await job.input(jobId);
    const output = await job.work(input as never, {
      jobId,
      runId: message.runId,
      tick: message.tick,
      signal,
    });
    const problem = jsonProblem('output', output) ?? jsonProblem('input', input);
    // reasonFrom truncates: the problem may quote the value, and a function is quoted with its whole source.
    if (problem) return { kind: 'failed', task, reason: reasonFrom(new Error(problem)), permanent: true };
    return { kind: 'worked', task, input, output, endedAt: clock() };
  } catch (thrown) {
    // Also by name, because a job's bundle may contain another copy of the class.
    const permanent =
      thrown instanceof PermanentError || (thrown as Error | undefined)?.name === 'PermanentError';
    return { kind: 'failed', task, reason: reasonFrom(thrown), permanent };
  }
}

/** Why a value cannot be stored as JSON, or undefined if it can. */
function jsonProblem(what: string, value: unknown): string | undefined {
  // Fast path: most jobs take and return numbers.
  if (Number.isFinite(value)) return undefined;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (thrown) {
    return `its ${what} cannot be written as JSON: ${reasonFrom(thrown)}`;
  }
  if (json === undefined || typeof value === 'number')
    return `its ${what} is not a JSON value: ${String(value)}`;
  if (json.length > MAX_JSON_CHARACTERS)
    return `its ${what} is too large: ${json.length} characters of JSON, at most ${MAX_JSON_CHARACTERS}`;
  return undefined;
}
