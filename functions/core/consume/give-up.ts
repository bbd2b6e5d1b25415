import pMap from 'p-map';
import { applyOutcomes, type ExhaustedJob, exhaustedJobs, nextRound } from '../model/message-record.ts';
import { deadLetterFor } from '../queue/dead-letter.ts';
import { send } from '../queue/queue.ts';
import { findDocuments, type MessageOutcomes } from './batch-documents.ts';
import { commitOutcomes } from './commit-outcomes.ts';
import { documentDeadLetters, type GivenUp } from './dead-letter-documents.ts';
import { entryOf, loadItems } from './load-items.ts';
import type { MessageState } from './read-batch.ts';
import type { TimeBudget } from './time-budget.ts';
import type { Worker } from './worker.ts';

/** Messages whose dead letters are sent at the same time. */
const MESSAGES_AT_ONCE = 10;

/**
 * Gives up jobs that must not be tried again: writes the documents of their dead letters, sends the dead letters, then
 * counts the jobs as failed. A worker that dies in between leaves the document and the dead letter of a job that is not
 * counted; the next delivery replaces the document and sends another dead letter.
 */
export async function giveUp(
  worker: Worker,
  budget: TimeBudget,
  states: readonly MessageState[],
): Promise<MessageState[]> {
  const { settings, clock } = worker;
  const exhausted = ({ problem, record, requested }: MessageState) =>
    problem ? [] : exhaustedJobs(record, requested, settings.maxAttempts);
  if (states.every((state) => exhausted(state).length === 0)) return [...states];
  // Another delivery may have processed a job that failed here.
  const found = await findDocuments(worker, budget, states, (state) =>
    exhausted(state).map(({ jobId }) => jobId),
  );
  const letters = found.map((state) => ({ ...state, letters: lettersOf(state, exhausted(state), clock()) }));
  const loaded = await loadItems(worker, letters, (state) => state.letters.map(({ job }) => job.jobId));
  const documented = await documentDeadLetters(worker, loaded, budget.storeUntil - clock());
  const kept = await pMap(documented, (state) => keepDeadLetters(worker, state), {
    concurrency: MESSAGES_AT_ONCE,
  });
  return commitOutcomes(worker, kept, budget.storeUntil, ({ record, requested, outcomes }) =>
    applyOutcomes(record, requested, outcomes, clock()),
  );
}

/** The exhausted jobs of a message, except those that were found to be done. */
function lettersOf(
  { outcomes }: MessageOutcomes,
  exhausted: readonly ExhaustedJob[],
  now: number,
): GivenUp['letters'] {
  const done = new Set(outcomes.map(({ jobId }) => jobId));
  return exhausted
    .filter(({ jobId }) => !done.has(jobId))
    .map((job) => ({ job, round: nextRound(job.attempts, now) }));
}

/** Sends the dead letters of a message. */
async function keepDeadLetters({ deadLetters }: Worker, state: GivenUp): Promise<GivenUp> {
  const { message, letters, problem } = state;
  if (problem) return state;
  try {
    await send(
      deadLetters,
      letters.map(({ job, round }) => deadLetterFor(message, job, round, entryOf(state, job.jobId))),
    );
  } catch (error) {
    return { ...state, problem: error as Error };
  }
  const kept = letters.map(({ job, round }) => ({ kind: 'deadLettered', jobId: job.jobId, round }) as const);
  return { ...state, outcomes: [...state.outcomes, ...kept] };
}
