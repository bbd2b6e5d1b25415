import { setMaxListeners } from 'node:events';
import pMap from 'p-map';
import { PermanentError, reasonFrom } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import type { Message } from '../model/message.ts';
import type { TimeBudget } from './time-budget.ts';

/** What a job's work is told besides its input. */
export interface JobContext {
  jobId: JobId;
  runId: RunId;
  tick: number;
  /** Aborts when the worker's time is up; what the job does after that is lost, and it is tried again. */
  signal: AbortSignal;
}

/** The work, as functions/job.ts has it. */
export interface Job {
  input(jobId: JobId): unknown;
  work(input: never, context: JobContext): unknown;
}

/** A job that a worker takes up. */
export interface JobTask {
  jobId: JobId;
  message: Message;
  /** The index that its document belongs in. */
  index: string;
}

/** How a job's work ended. */
export type JobResult =
  | { kind: 'worked'; task: JobTask; input: unknown; output: unknown; endedAt: number }
  | { kind: 'failed'; task: JobTask; reason: string; permanent: boolean }
  /** Not begun, or cut short by the worker's time limit through no fault of its own. */
  | { kind: 'left'; task: JobTask };

export interface RunLimits {
  /** How many jobs run at a time. */
  concurrency: number;
  budget: TimeBudget;
  /** When no further job is begun, if that is earlier than when all must have ended; milliseconds since 1970. */
  until: number;
  /** Milliseconds since 1970. */
  clock: () => number;
}

/** The largest input or output, in characters of JSON: a bulk of 100 such documents is below Elasticsearch's 100 MB. */
export const MAX_JSON_BYTES = 256_000;

/** A job that had this part of the worker's time and did not end has failed; one that had less was merely late. */
const FAIR_SHARE = 0.8;

/**
 * Works on all tasks, some at a time, until the time is up. A job is not begun when it would not end in time, going
 * by the longest one so far. Never throws: what a job throws is its outcome.
 */
export async function runJobs(
  job: Job,
  tasks: readonly JobTask[],
  { clock, concurrency, budget, until }: RunLimits,
): Promise<JobResult[]> {
  if (tasks.length === 0) return [];
  const stop = new AbortController();
  // Every job may listen for it, and some calls for themselves: Node takes more than ten listeners for a leak, and
  // warns in the log. These end with the jobs.
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
        const begun = clock();
        if (stop.signal.aborted || begun >= until || !budget.hasRoom(begun)) return { kind: 'left', task };
        const ended = await Promise.race([attempt(job, task, stop.signal, clock), timeUp]);
        const took = clock() - begun;
        budget.took(took);
        if (ended !== TIME_UP && !(stop.signal.aborted && ended.kind === 'failed')) return ended;
        if (took < budget.workMs * FAIR_SHARE) return { kind: 'left', task };
        return {
          kind: 'failed',
          task,
          permanent: false,
          reason: `not done within ${Math.round(took / 100) / 10} s`,
        };
      },
      { concurrency },
    );
  } finally {
    clearTimeout(timer);
  }
}

const TIME_UP = Symbol('time up');

async function attempt(
  job: Job,
  task: JobTask,
  signal: AbortSignal,
  clock: () => number,
): Promise<JobResult> {
  const { jobId, message } = task;
  try {
    const input = await job.input(jobId);
    const output = await job.work(input as never, {
      jobId,
      runId: message.runId,
      tick: message.tick,
      signal,
    });
    return storable(output, input, task, clock());
  } catch (thrown) {
    // By name too: a job's own bundle may bring a PermanentError of its own.
    const permanent =
      thrown instanceof PermanentError || (thrown as Error | undefined)?.name === 'PermanentError';
    return { kind: 'failed', task, reason: reasonFrom(thrown), permanent };
  }
}

function storable(output: unknown, input: unknown, task: JobTask, endedAt: number): JobResult {
  const trouble = jsonTrouble('output', output) ?? jsonTrouble('input', input);
  // The value may be part of it: a function is its whole source.
  if (trouble) return { kind: 'failed', task, reason: reasonFrom(new Error(trouble)), permanent: true };
  return { kind: 'worked', task, input, output, endedAt };
}

/** What keeps a value from being stored as JSON, if anything does. */
function jsonTrouble(what: string, value: unknown): string | undefined {
  // Numbers are what nearly every job takes and returns: no need to try them.
  if (Number.isFinite(value)) return undefined;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (thrown) {
    return `its ${what} can’t be written as JSON: ${reasonFrom(thrown)}`;
  }
  if (json === undefined || typeof value === 'number')
    return `its ${what} is no JSON value: ${String(value)}`;
  if (json.length > MAX_JSON_BYTES)
    return `its ${what} is too large: ${json.length} characters of JSON, at most ${MAX_JSON_BYTES}`;
  return undefined;
}
