import pMap from 'p-map';
import type { JobId } from '../model/ids.ts';
import {
  applyOutcomes,
  deadLettered,
  type ExhaustedJob,
  exhaustedJobs,
  nextRound,
} from '../model/message-record.ts';
import { deadLetterFor } from '../queue/dead-letter.ts';
import { send } from '../queue/queue.ts';
import { findStoredJobs } from './documents.ts';
import type { MessageState } from './read-batch.ts';
import type { TimeBudget } from './time-budget.ts';
import type { Worker } from './worker.ts';

/** Messages whose dead letters are sent at a time. */
const MESSAGES_AT_ONCE = 10;

/**
 * Gives up jobs that must not be tried again: keeps their dead letters, and then counts them as failed. Dying in between
 * leaves a dead letter of a job that is not counted, and the next delivery keeps another.
 */
export async function giveUp(
  worker: Worker,
  budget: TimeBudget,
  states: readonly MessageState[],
): Promise<MessageState[]> {
  const { ledger, settings, clock } = worker;
  const exhausted = new Map<MessageState['message'], ExhaustedJob[]>();
  for (const { message, record, asked, trouble } of states) {
    const jobs = trouble ? [] : exhaustedJobs(record, asked, settings.maxAttempts);
    if (jobs.length > 0) exhausted.set(message, jobs);
  }
  if (exhausted.size === 0) return [...states];
  // Another delivery may have done meanwhile what failed here.
  const { states: looked, done } = await findStoredJobs(worker, budget, states, ({ message }) =>
    (exhausted.get(message) ?? []).map(({ jobId }) => jobId),
  );
  const letters = new Map<MessageState['message'], Map<JobId, number>>();
  const kept = await pMap(
    looked,
    async (state): Promise<MessageState> => {
      const { message, trouble } = state;
      const found = new Set(done.get(message)?.map(({ jobId }) => jobId));
      const lost = trouble ? [] : (exhausted.get(message) ?? []).filter(({ jobId }) => !found.has(jobId));
      const rounds = new Map(lost.map(({ jobId, attempts }) => [jobId, nextRound(attempts, clock())]));
      letters.set(message, rounds);
      try {
        await send(
          worker.deadLetters,
          lost.map((job) => deadLetterFor(message, job, rounds.get(job.jobId) as number)),
        );
        return state;
      } catch (error) {
        return { ...state, trouble: error as Error };
      }
    },
    { concurrency: MESSAGES_AT_ONCE },
  );
  return ledger.commit(kept, ({ record, asked, message }) => {
    const found = done.get(message) ?? [];
    const counted = found.length > 0 ? applyOutcomes(record, asked, found, clock()) : record;
    return deadLettered(counted, letters.get(message) ?? new Map());
  });
}
