import { Unavailable } from '../model/errors.ts';
import type { JobId } from '../model/ids.ts';
import { deadLetterIndexOf } from '../model/index-name.ts';
import { type ExhaustedJob, mayBeDeadLetter } from '../model/message-record.ts';
import {
  createDeadLetterIndex,
  type DeadLetterDocument,
  type DeadLetterWrites,
  deleteDeadLetters,
  writeDeadLetters,
} from '../results/dead-letters.ts';
import { storedValue } from '../results/mapping.ts';
import type { MessageOutcomes } from './batch-documents.ts';
import { entryOf } from './load-items.ts';
import type { MessageState } from './read-batch.ts';
import type { Worker } from './worker.ts';

/** A message with jobs that are about to be given up, and the number of the retry that each dead letter asks for. */
export interface GivenUp extends MessageOutcomes {
  readonly letters: readonly { job: ExhaustedJob; round: number }[];
}

/**
 * Writes the documents of jobs that are about to be given up, so that they can be searched.
 * @param states with the items of the jobs
 * @param timeoutMs for all requests together
 * @returns the messages. Where Elasticsearch could not answer, the message gets a `problem`. Where it refuses a document
 *   for good, the message gets an `undocumented`, and its jobs are given up without their documents.
 */
export async function documentDeadLetters(
  worker: Worker,
  states: readonly GivenUp[],
  timeoutMs: number,
): Promise<GivenUp[]> {
  const { results, verifiedIndices, clock } = worker;
  const jobsOf = ({ problem, letters }: GivenUp) => (problem ? [] : letters.map(({ job }) => job.jobId));
  const documents = states.flatMap((state) => documentsOf(worker, state));
  if (documents.length === 0) return [...states];
  const index = deadLetterIndexOf(results.index);
  const endsAt = clock() + timeoutMs;
  try {
    if (!verifiedIndices.has(index)) await createDeadLetterIndex(results, timeoutMs);
    verifiedIndices.add(index);
  } catch (error) {
    return states.map((state) => (jobsOf(state).length > 0 ? { ...state, problem: error as Error } : state));
  }
  const writes = await writeDeadLetters(results, documents, endsAt - clock());
  if (writes.refusal !== undefined || writes.outages.size > 0) verifiedIndices.delete(index);
  return states.map((state) => withWrites(state, jobsOf(state), writes));
}

/**
 * Deletes the documents of dead letters whose jobs are done, before the jobs are counted as processed. Nearly always there
 * are none, and no request is sent.
 * @param timeoutMs for all requests together
 * @returns the messages. Where Elasticsearch could not answer, the message gets a `problem`. Where it refuses to delete, the
 *   document stays, and the ledger tells that it is out of date.
 */
export async function deleteProcessed<State extends MessageState & Pick<MessageOutcomes, 'outcomes'>>(
  { results, settings }: Worker,
  states: readonly State[],
  timeoutMs: number,
): Promise<State[]> {
  const jobsOf = ({ record, outcomes }: State) =>
    outcomes.flatMap(({ kind, jobId }) =>
      kind === 'done' && mayBeDeadLetter(record, jobId, settings.maxAttempts) ? [jobId] : [],
    );
  const jobs = states.flatMap(jobsOf);
  if (jobs.length === 0) return [...states];
  const writes = await deleteDeadLetters(results, jobs, timeoutMs);
  return states.map((state) => withWrites(state, jobsOf(state), writes));
}

function withWrites<State extends MessageState>(
  state: State,
  jobs: readonly JobId[],
  { outages, refusal }: DeadLetterWrites,
): State {
  const problem = jobs.map((jobId) => outages.get(jobId)).find((outage) => outage instanceof Unavailable);
  return {
    ...state,
    ...(problem && { problem }),
    ...(refusal !== undefined && jobs.length > 0 && { undocumented: refusal }),
  };
}

function documentsOf({ results, clock }: Worker, state: GivenUp): DeadLetterDocument[] {
  if (state.problem) return [];
  const { runId, tick, first, last } = state.message;
  return state.letters.map(({ job: { jobId, attempts } }) => {
    const { count, deaths = 0, permanent = false, firstAt, lastAt, reason } = attempts;
    const entry = entryOf(state, jobId);
    const item = 'item' in entry ? storedValue('item', results.mapping.item, entry.item) : entry;
    return {
      ...{ jobId, runId, tick, message: { first, last } },
      ...('value' in item && { item: item.value }),
      reason,
      attempts: count + deaths,
      ...(deaths > 0 && { deaths }),
      permanent,
      firstFailedAt: iso(firstAt),
      lastFailedAt: iso(lastAt),
      givenUpAt: iso(clock()),
    };
  });
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
