import { randomUUID } from 'node:crypto';
import type { JobId } from '../ids.ts';
import { type Committed, commit } from '../ledger/records.ts';
import { MAX_SURVIVED } from '../message.ts';
import { acquireLease, applyOutcomes, exhaustedJobs, openJobs } from '../message-record.ts';
import { type Task, workOn } from '../work.ts';
import { store } from './documents.ts';
import { giveUp } from './give-up.ts';
import type { MessageState } from './read-batch.ts';
import type { TimeBudget } from './time-budget.ts';
import type { WorkGroup } from './work-groups.ts';
import type { Worker } from './worker.ts';

/** What came of a group. */
export interface Ran extends Committed<MessageState> {
  failedAttempts: number;
  /** Elasticsearch's trouble: there is no sense in going on. */
  trouble?: Error | undefined;
}

/**
 * Runs a group's jobs, and counts what came of them: lease ─► work ─► write documents ─► count ─► give up. Never throws.
 * @param states of the group's messages, as the ledger has them
 */
export async function runGroup(
  worker: Worker,
  budget: TimeBudget,
  group: WorkGroup,
  states: readonly MessageState[],
): Promise<Ran> {
  const { ledger, settings, clock } = worker;
  const leased = group.leased ? await lease(worker, budget, group.job, states) : states;
  const ended = await workOn(
    worker.job,
    leased.flatMap((state) => tasksOf(state, settings.maxAttempts, group.job)),
    { concurrency: settings.jobConcurrency, clock, budget, until: group.until },
  );
  if (worker.onJob) ended.forEach(worker.onJob);
  const { outcomes, trouble } = await store(worker, ended, budget);
  const now = clock();
  const counted = await commit(ledger, leased, ({ record, asked, message }) =>
    applyOutcomes(record, asked, outcomes.get(message) ?? [], now),
  );
  const settled = await giveUp(worker, counted.states.map(withoutSuspicion));
  return {
    states: settled.states,
    gain: {
      processed: counted.gain.processed + settled.gain.processed,
      failed: counted.gain.failed + settled.gain.failed,
    },
    failedAttempts: [...outcomes.values()].flat().filter(({ kind }) => kind === 'failed').length,
    trouble,
  };
}

/** Takes a lease on each message. Whatever comes of that, the lease may stand in the ledger, and its holder lives. */
async function lease(
  { ledger }: Worker,
  { endsAt: until }: TimeBudget,
  job: JobId | undefined,
  states: readonly MessageState[],
): Promise<MessageState[]> {
  const id = randomUUID();
  const marked = states.map((state) => ({
    ...state,
    survived: [...state.survived, id].slice(-MAX_SURVIVED),
  }));
  const leased = await commit(ledger, marked, ({ record, asked }) => {
    const round = job === undefined ? undefined : asked.rounds.get(job);
    return acquireLease(record, {
      id,
      until,
      ...(job !== undefined && { job }),
      ...(round !== undefined && { round }),
    });
  });
  return leased.states;
}

/** A worker has lived through the message's jobs, and the ledger has heard of it. */
function withoutSuspicion(state: MessageState): MessageState {
  return state.trouble || state.record.lease ? state : { ...state, suspect: false, survived: [] };
}

/** The jobs to do: each once, however often its message is in the batch. */
function tasksOf(
  { message, record, asked, index, trouble }: MessageState,
  maxAttempts: number,
  only: JobId | undefined,
): Task[] {
  if (trouble) return [];
  const exhausted = new Set(exhaustedJobs(record, asked, maxAttempts).map(({ jobId }) => jobId));
  return openJobs(record, asked)
    .filter((jobId) => !exhausted.has(jobId) && (only === undefined || jobId === only))
    .map((jobId) => ({ jobId, message, index: index.name }));
}
