import { type JobResult, runJobs } from '../../functions/core/consume/run-job.ts';
import { TimeBudget } from '../../functions/core/consume/time-budget.ts';
import type { Job, JobLog } from '../../functions/core/job/job.ts';
import { type JobId, newRunId } from '../../functions/core/model/ids.ts';
import type { ItemEntry } from '../../functions/core/model/item.ts';

/** How a job ended that was tried. */
export type Tried = { durationMs: number } & (
  | { ok: true; output: unknown }
  | { ok: false; reason: string; permanent: boolean; thrown?: unknown }
);

/** A job to try: the one at `index` of the first tick of a run. */
export interface Trial {
  jobId: number;
  /** From 0. The tick ends with this job. */
  index: number;
  entry: ItemEntry;
  /** The consumer's time limit, in milliseconds. */
  timeoutMs: number;
  log: JobLog;
}

/**
 * Runs one job in this process, as the consumer would: with the schema's check, the time limit and the check of the output.
 * Also ends when the job's code throws outside of `run`, which would end a worker.
 */
export async function tryJob(job: Job, { jobId, index, entry, timeoutMs, log }: Trial): Promise<Tried> {
  const startedAt = Date.now();
  let thrown: { error: unknown } | undefined;
  const observed: Job = {
    ...job,
    async run(item, context) {
      try {
        return await job.run(item, context);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    },
  };
  const tick = {
    runId: newRunId(startedAt),
    tick: 1,
    firstJob: (jobId - index) as JobId,
    count: index + 1,
    claimed: index + 1,
    sent: index + 1,
    jobsPerMessage: 1,
    dueAt: startedAt,
    claimedAt: startedAt,
    sliceClaimedAt: startedAt,
    spreadMs: 0,
    index: { name: '' },
  };
  const id = jobId as JobId;
  const message = {
    v: 1 as const,
    runId: tick.runId,
    tick: 1,
    first: id,
    last: id,
    enqueuedAt: startedAt,
  };
  const running = runJobs(observed, [{ jobId: id, message, tick, entry, attempt: 1 }], {
    concurrency: 1,
    budget: new TimeBudget(startedAt, startedAt + timeoutMs),
    until: Number.POSITIVE_INFINITY,
    clock: Date.now,
    logFor: () => log,
  });
  const result = await Promise.race([running.then(([only]) => only), uncaughtError()]);
  const durationMs = Date.now() - startedAt;
  if (result && 'uncaught' in result) {
    const reason = `an error that run did not catch ends the worker: ${String(result.uncaught)}`;
    return { ok: false, durationMs, reason, permanent: false, thrown: result.uncaught };
  }
  return { durationMs, ...outcomeOf(result, thrown) };
}

function outcomeOf(result: JobResult | undefined, thrown: { error: unknown } | undefined) {
  if (result?.kind === 'worked') return { ok: true as const, output: result.output };
  const reason = result?.kind === 'failed' ? result.reason : 'the worker’s time was up';
  const permanent = result?.kind === 'failed' && result.permanent;
  return { ok: false as const, reason, permanent, ...(thrown && { thrown: thrown.error }) };
}

/** Resolves when code throws that nothing awaits: in a timer, an event listener or a forgotten promise. */
function uncaughtError(): Promise<{ uncaught: unknown }> {
  return new Promise((resolve) => process.once('uncaughtException', (uncaught) => resolve({ uncaught })));
}
