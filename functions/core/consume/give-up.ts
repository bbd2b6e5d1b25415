import pMap from 'p-map';
import { deadLetterOf } from '../dead-letter.ts';
import type { JobId } from '../ids.ts';
import { type Committed, commit } from '../ledger/records.ts';
import {
  applyOutcomes,
  deadLettered,
  type ExhaustedJob,
  exhaustedJobs,
  nextRound,
} from '../message-record.ts';
import { send } from '../queue.ts';
import { findDone } from './documents.ts';
import type { MessageState } from './read-batch.ts';
import type { Worker } from './worker.ts';

/** Messages whose dead letters are sent at a time. */
const MESSAGES_AT_ONCE = 10;

/**
 * Gives up jobs that must not be tried again: keeps their dead letters, and then counts them as failed. Dying in between
 * leaves a dead letter of a job that is not counted, and the next delivery keeps another.
 */
export async function giveUp(
  worker: Worker,
  states: readonly MessageState[],
): Promise<Committed<MessageState>> {
  const isExhausted = (state: MessageState) => !state.trouble && exhaustedOf(worker, state).length > 0;
  if (!states.some(isExhausted)) return { states: [...states], gain: { processed: 0, failed: 0 } };
  // Another delivery may have done meanwhile what failed here.
  const looked = await findDone(worker, states, (state) =>
    isExhausted(state) ? exhaustedOf(worker, state).map(({ jobId }) => jobId) : [],
  );
  const found = await commit(worker.ledger, looked.states, ({ record, asked, message }) =>
    applyOutcomes(record, asked, looked.done.get(message) ?? [], worker.clock()),
  );
  const lettered = await pMap(found.states, (state) => keepLetters(worker, state), {
    concurrency: MESSAGES_AT_ONCE,
  });
  const letters = new Map(lettered.map(({ state, rounds }) => [state.message, rounds]));
  const counted = await commit(
    worker.ledger,
    lettered.map(({ state }) => state),
    ({ record, message }) => deadLettered(record, letters.get(message) ?? new Map()),
  );
  return {
    states: counted.states,
    gain: {
      processed: found.gain.processed + counted.gain.processed,
      failed: found.gain.failed + counted.gain.failed,
    },
  };
}

function exhaustedOf({ settings }: Worker, { record, asked }: MessageState): ExhaustedJob[] {
  return exhaustedJobs(record, asked, settings.maxAttempts);
}

/** Keeps the dead letters of a message's exhausted jobs. */
async function keepLetters(
  worker: Worker,
  state: MessageState,
): Promise<{ state: MessageState; rounds: Map<JobId, number> }> {
  const now = worker.clock();
  const exhausted = state.trouble ? [] : exhaustedOf(worker, state);
  const rounds = new Map(exhausted.map(({ jobId, attempts }) => [jobId, nextRound(attempts, now)]));
  try {
    await send(
      worker.deadLetters,
      exhausted.map((job) => deadLetterOf(state.message, job, rounds.get(job.jobId) as number)),
    );
    return { state, rounds };
  } catch (error) {
    return { state: { ...state, trouble: error as Error }, rounds: new Map() };
  }
}
