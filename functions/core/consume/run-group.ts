import { randomUUID } from 'node:crypto';
import type { JobId } from '../model/ids.ts';
import { MAX_SURVIVED } from '../model/message.ts';
import { acquireLease, applyOutcomes, exhaustedJobs, openJobs } from '../model/message-record.ts';
import { storeDocuments } from './documents.ts';
import { giveUp } from './give-up.ts';
import type { MessageState } from './read-batch.ts';
import { type JobTask, runJobs } from './run-job.ts';
import type { TimeBudget } from './time-budget.ts';
import type { WorkGroup } from './work-groups.ts';
import type { Worker } from './worker.ts';

/**
 * Runs a group's jobs, and counts what came of them: lease ─► work ─► write documents ─► count ─► give up. Never throws.
 * @param states of the group's messages, as the ledger has them
 * @returns the states as the ledger has them then
 */
export async function runGroup(
  worker: Worker,
  budget: TimeBudget,
  { leased, job, until }: WorkGroup,
  states: readonly MessageState[],
): Promise<{ states: MessageState[]; failedAttempts: number }> {
  const { ledger, settings, clock } = worker;
  const held = leased ? await acquire(worker, budget, job, states) : states;
  const ended = await runJobs(
    worker.job,
    held.flatMap((state) => tasksOf(state, settings.maxAttempts, job)),
    { concurrency: settings.jobConcurrency, clock, budget, until },
  );
  if (worker.onJob) ended.forEach(worker.onJob);
  const { outcomes, troubles } = await storeDocuments(worker, ended, budget.storeUntil - clock());
  for (const index of troubles.keys()) worker.verifiedIndices.delete(index);
  const left = new Set(ended.flatMap(({ kind, task }) => (kind === 'left' ? [task.message] : [])));
  const counted = await ledger.commit(held, ({ record, asked, message }) =>
    applyOutcomes(record, asked, outcomes.get(message) ?? [], clock()),
  );
  const settled = counted.map((state, at) => {
    const one = cleared(state, held[at], left.has(state.message));
    return { ...one, trouble: one.trouble ?? troubles.get(one.index.name) };
  });
  return {
    states: await giveUp(worker, budget, settled),
    failedAttempts: [...outcomes.values()].flat().filter(({ kind }) => kind === 'failed').length,
  };
}

/** Takes a lease on each message. Whatever comes of that, the lease may stand in the ledger, and its holder lives. */
async function acquire(
  { ledger }: Worker,
  { endsAt: until }: TimeBudget,
  job: JobId | undefined,
  states: readonly MessageState[],
): Promise<MessageState[]> {
  const id = randomUUID();
  const marked = states.map((state) =>
    state.trouble ? state : { ...state, survived: [...state.survived, id].slice(-MAX_SURVIVED) },
  );
  return ledger.commit(marked, ({ record, asked }) => {
    const round = job === undefined ? undefined : asked.rounds.get(job);
    return acquireLease(record, { id, until, ...(job && { job }), ...(round && { round }) });
  });
}

/**
 * The ledger has heard that a worker lived through the message's jobs: its leases are void. If it ran all of them, nothing
 * is suspect about the message any more.
 */
function cleared(state: MessageState, before: MessageState | undefined, hasLeft: boolean): MessageState {
  if (state.trouble || state.record.version === before?.record.version) return state;
  return { ...state, survived: [], ...(!hasLeft && { unexplained: 0 }) };
}

/** The jobs to do: each once, however often its message is in the batch. */
function tasksOf(
  { message, record, asked, index, trouble }: MessageState,
  maxAttempts: number,
  only: JobId | undefined,
): JobTask[] {
  if (trouble) return [];
  const exhausted = new Set(exhaustedJobs(record, asked, maxAttempts).map(({ jobId }) => jobId));
  return openJobs(record, asked)
    .filter((jobId) => !exhausted.has(jobId) && (only === undefined || jobId === only))
    .map((jobId) => ({ jobId, message, index: index.name }));
}
