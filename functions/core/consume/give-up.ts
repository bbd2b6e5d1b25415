import pMap from 'p-map';
import { applyOutcomes, type ExhaustedJob, exhaustedJobs, nextRound } from '../model/message-record.ts';
import { deadLetterFor } from '../queue/dead-letter.ts';
import { send } from '../queue/queue.ts';
import { findDocuments, type MessageOutcomes } from './batch-documents.ts';
import { entryOf, loadItems } from './load-items.ts';
import type { MessageState } from './read-batch.ts';
import type { TimeBudget } from './time-budget.ts';
import type { Worker } from './worker.ts';

/** Messages whose dead letters are sent at the same time. */
const MESSAGES_AT_ONCE = 10;

/**
 * Gives up jobs that must not be tried again: sends their dead letters, then counts the jobs as failed. A worker that
 * dies in between leaves the dead letter of a job that is not counted; the next delivery sends another one.
 */
export async function giveUp(
  worker: Worker,
  budget: TimeBudget,
  states: readonly MessageState[],
): Promise<MessageState[]> {
  const { ledger, settings, clock } = worker;
  const exhausted = ({ problem, record, requested }: MessageState) =>
    problem ? [] : exhaustedJobs(record, requested, settings.maxAttempts);
  if (states.every((state) => exhausted(state).length === 0)) return [...states];
  // Another delivery may have processed a job that failed here.
  const found = await findDocuments(worker, budget, states, (state) =>
    exhausted(state).map(({ jobId }) => jobId),
  );
  const kept = await pMap(found, (state) => keepDeadLetters(worker, state, exhausted(state)), {
    concurrency: MESSAGES_AT_ONCE,
  });
  return ledger.commit(kept, ({ record, requested, outcomes }) =>
    applyOutcomes(record, requested, outcomes, clock()),
  );
}

/** Sends the dead letters of a message's exhausted jobs, except those that were found to be done. */
async function keepDeadLetters(
  worker: Worker,
  state: MessageOutcomes,
  exhausted: readonly ExhaustedJob[],
): Promise<MessageOutcomes> {
  const { deadLetters, clock } = worker;
  const done = new Set(state.outcomes.map(({ jobId }) => jobId));
  const failed = exhausted
    .filter(({ jobId }) => !done.has(jobId))
    .map((job) => ({ job, round: nextRound(job.attempts, clock()) }));
  const [withItems = state] = await loadItems(worker, [state], () => failed.map(({ job }) => job.jobId));
  if (withItems.problem) return { ...state, problem: withItems.problem };
  try {
    await send(
      deadLetters,
      failed.map(({ job, round }) => deadLetterFor(state.message, job, round, entryOf(withItems, job.jobId))),
    );
  } catch (error) {
    return { ...state, problem: error as Error };
  }
  const kept = failed.map(({ job, round }) => ({ kind: 'deadLettered', jobId: job.jobId, round }) as const);
  return { ...state, outcomes: [...state.outcomes, ...kept] };
}
