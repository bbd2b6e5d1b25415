import { randomUUID } from 'node:crypto';
import { groupBy } from '../grouping.ts';
import type { JobId } from '../model/ids.ts';
import { MAX_SURVIVED, type Message } from '../model/message.ts';
import { acquireLease, applyOutcomes, endLease, exhaustedJobs, openJobs } from '../model/message-record.ts';
import { receivableAt } from '../model/tick.ts';
import { storeDocuments } from './batch-documents.ts';
import { commitOutcomes } from './commit-outcomes.ts';
import { giveUp } from './give-up.ts';
import { entryOf, loadItems } from './load-items.ts';
import { Progress } from './progress.ts';
import type { MessageState } from './read-batch.ts';
import { type JobResult, type JobTask, runJobs } from './run-job.ts';
import type { TimeBudget } from './time-budget.ts';
import type { WorkGroup } from './work-groups.ts';
import type { Worker } from './worker.ts';

/**
 * Runs the jobs of a group and counts them: take the lease ─► run ─► write documents ─► count ─► give up. Never throws.
 * Whole messages are written and counted while others run (`Progress`).
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
  const written = new Map<Message, MessageState>();
  let failedAttempts = 0;
  const write = async (some: readonly MessageState[], results: readonly JobResult[], extent: WriteExtent) => {
    const counted = await countResults(worker, some, results, extent);
    for (const state of counted.states) written.set(state.message, state);
    failedAttempts += counted.failedAttempts;
    return counted;
  };
  const progress = new Progress(
    tasks,
    async (messages, results) => {
      const whole = runnable.filter(({ message }) => messages.has(message));
      // What could not be stored is left to the last write, which has its own time.
      const { states } = await write(whole, results, {
        timeoutMs: budget.workUntil - clock(),
        wholeOnly: true,
      });
      return states.length === whole.length && states.every(({ problem }) => !problem);
    },
    clock,
  );
  const jobResults = await runJobs(worker.job, tasks, {
    concurrency: settings.jobConcurrency,
    clock,
    budget,
    until,
    onResult: progress.add,
    meter: ledger.counters.meter,
    logFor: worker.logFor,
  });
  await progress.end();
  if (worker.onJob) jobResults.forEach(worker.onJob);
  const unwritten = runnable.filter(({ message }) => !written.has(message));
  const rest = jobResults.filter(({ task }) => !written.has(task.message));
  await write(unwritten, rest, { timeoutMs: budget.storeUntil - clock(), wholeOnly: false });
  return { states: await giveUp(worker, budget, [...written.values()]), failedAttempts };
}

interface WriteExtent {
  /** For the documents, in milliseconds. */
  timeoutMs: number;
  /** Whether to count only messages with an outcome for each of the results. */
  wholeOnly: boolean;
}

/**
 * Counts results of jobs: write documents ─► count.
 * @param runnable the messages of the jobs, as they are in the ledger
 * @returns the messages as they are in the ledger afterwards; with `wholeOnly`, without those that were not counted
 */
async function countResults(
  worker: Worker,
  runnable: readonly MessageState[],
  jobResults: readonly JobResult[],
  { timeoutMs, wholeOnly }: WriteExtent,
): Promise<{ states: MessageState[]; failedAttempts: number }> {
  const { clock } = worker;
  const until = clock() + timeoutMs;
  const stored = await storeDocuments(worker, runnable, jobResults, timeoutMs);
  for (const index of stored.outages.keys()) worker.verifiedIndices.delete(index);
  const resultsOf = groupBy(jobResults, ({ task }) => task.message);
  const toCount = wholeOnly
    ? stored.states.filter(({ message, outcomes }) => outcomes.length === resultsOf.get(message)?.length)
    : stored.states;
  const versions = new Map(toCount.map(({ message, record }) => [message, record.version]));
  const counted = await commitOutcomes(worker, toCount, until, ({ record, requested, outcomes }) =>
    applyOutcomes(endLease(record), requested, outcomes, clock()),
  );
  const interrupted = new Set(
    jobResults.flatMap(({ kind, task }) => (kind === 'left' ? [task.message] : [])),
  );
  const states = counted.map((state) => {
    const wasWritten = !state.problem && state.record.version !== versions.get(state.message);
    return {
      ...state,
      // Whole messages have all their outcomes, so that an outage does not concern them.
      problem: state.problem ?? (wholeOnly ? undefined : stored.outages.get(state.index.name)),
      // The ledger has recorded that this worker survived the jobs, so their leases are void. If the worker ran all
      // of them, the message is no longer suspect.
      ...(wasWritten && { survived: [] }),
      ...(wasWritten && !interrupted.has(state.message) && { unexplained: 0 }),
    };
  });
  const outcomes = toCount.flatMap((state) => state.outcomes);
  return { states, failedAttempts: outcomes.filter(({ kind }) => kind === 'failed').length };
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
  const { message, record, tick, redelivered } = state;
  if (!tick) return [];
  const waitsSince = redelivered ? undefined : receivableAt(tick, message);
  return jobs.map((jobId) => ({
    jobId,
    message,
    tick,
    entry: entryOf(state, jobId),
    attempt: (record.attempts[jobId]?.count ?? 0) + 1,
    ...(waitsSince !== undefined && { waitsSince }),
  }));
}
