import { randomUUID } from 'node:crypto';
import type { JobId } from '../model/ids.ts';
import { MAX_SURVIVED } from '../model/message.ts';
import { acquireLease, applyOutcomes, endLease, exhaustedJobs, openJobs } from '../model/message-record.ts';
import { storeDocuments } from './batch-documents.ts';
import { giveUp } from './give-up.ts';
import { entryOf, loadItems } from './load-items.ts';
import type { MessageState } from './read-batch.ts';
import { type JobTask, runJobs } from './run-job.ts';
import type { TimeBudget } from './time-budget.ts';
import type { WorkGroup } from './work-groups.ts';
import type { Worker } from './worker.ts';

/**
 * Runs the jobs of a group and counts them: take the lease ─► run ─► write documents ─► count ─► give up. Never throws.
 * @param states the group's messages, as they are in the ledger
 * @returns the messages as they are in the ledger afterwards
 */
export async function runGroup(
  worker: Worker,
  budget: TimeBudget,
  { leased, job, until }: WorkGroup,
  states: readonly MessageState[],
): Promise<{ states: MessageState[]; failedAttempts: number }> {
  const { ledger, settings, clock } = worker;
  const toRun = (state: MessageState) => runnableJobs(state, settings.maxAttempts, job);
  const loaded = await loadItems(worker, states, toRun);
  const runnable = leased ? await takeLeases(worker, budget, job, loaded) : loaded;
  const tasks = runnable.flatMap((state) => tasksOf(state, toRun(state)));
  const jobResults = await runJobs(worker.job, tasks, {
    concurrency: settings.jobConcurrency,
    clock,
    budget,
    until,
    meter: ledger.counters.meter,
    logFor: worker.logFor,
  });
  if (worker.onJob) jobResults.forEach(worker.onJob);
  const stored = await storeDocuments(worker, runnable, jobResults, budget.storeUntil - clock());
  for (const index of stored.outages.keys()) worker.verifiedIndices.delete(index);
  const counted = await ledger.commit(stored.states, ({ record, requested, outcomes }) =>
    applyOutcomes(endLease(record), requested, outcomes, clock()),
  );
  const interrupted = new Set(
    jobResults.flatMap(({ kind, task }) => (kind === 'left' ? [task.message] : [])),
  );
  const settled = counted.map((state, index) => {
    const wasWritten = !state.problem && state.record.version !== runnable[index]?.record.version;
    return {
      ...state,
      problem: state.problem ?? stored.outages.get(state.index.name),
      // The ledger has recorded that this worker survived the jobs, so their leases are void. If the worker ran all
      // of them, the message is no longer suspect.
      ...(wasWritten && { survived: [] }),
      ...(wasWritten && !interrupted.has(state.message) && { unexplained: 0 }),
    };
  });
  const outcomes = stored.states.flatMap((state) => state.outcomes);
  return {
    states: await giveUp(worker, budget, settled),
    failedAttempts: outcomes.filter(({ kind }) => kind === 'failed').length,
  };
}

/**
 * Takes a lease on each message. The lease is listed as survived from the start: even if this write, or the one that
 * ends the lease, gets no answer, the message that is sent back says that the holder lives.
 */
async function takeLeases(
  { ledger }: Worker,
  { endsAt: until }: TimeBudget,
  job: JobId | undefined,
  states: readonly MessageState[],
): Promise<MessageState[]> {
  const id = randomUUID();
  const marked = states.map((state) =>
    state.problem ? state : { ...state, survived: [...state.survived, id].slice(-MAX_SURVIVED) },
  );
  return ledger.commit(marked, ({ record, requested }) => {
    const round = job === undefined ? undefined : requested.rounds.get(job);
    return acquireLease(record, { id, until, ...(job && { job }), ...(round && { round }) });
  });
}

/** The jobs of a message to run: each once, however often the message is in the batch. @param only the one to run */
function runnableJobs(
  { record, requested, problem }: MessageState,
  maxAttempts: number,
  only: JobId | undefined,
): JobId[] {
  if (problem) return [];
  const exhausted = new Set(exhaustedJobs(record, requested, maxAttempts).map(({ jobId }) => jobId));
  return openJobs(record, requested).filter(
    (jobId) => !exhausted.has(jobId) && (only === undefined || jobId === only),
  );
}

function tasksOf(state: MessageState, jobs: readonly JobId[]): JobTask[] {
  const { message, record, tick } = state;
  if (!tick) return [];
  return jobs.map((jobId) => ({
    jobId,
    message,
    tick,
    entry: entryOf(state, jobId),
    attempt: (record.attempts[jobId]?.count ?? 0) + 1,
  }));
}
