import { groupBy } from '../group-by.ts';
import type { JobId, WorkerId } from '../model/ids.ts';
import type { Outcome } from '../model/message-record.ts';
import { REQUEST_TIMEOUT_MS } from '../results/client.ts';
import { existingIds, type IndexedDocument, writeDocuments } from '../results/documents.ts';
import { checkIndex } from '../results/ensure-index.ts';
import type { MessageState } from './read-batch.ts';
import type { JobResult } from './run-job.ts';
import { type TimeBudget, WRITE_RESERVE_MS } from './time-budget.ts';
import type { Worker } from './worker.ts';

/** What came of jobs, by the message that they were run for. */
export type Outcomes = ReadonlyMap<MessageState['message'], Outcome[]>;

/**
 * Sees that the indices are there that the messages' documents belong in, and looks which jobs have theirs already.
 * @param storeUntil when Elasticsearch must have answered, by the worker's clock
 * @param jobsOf the jobs of a message to look for
 * @returns the states, in trouble where Elasticsearch could not be asked: one index's trouble is none of the others'
 */
export async function findStoredJobs(
  { results, verifiedIndices, clock }: Worker,
  { storeUntil }: TimeBudget,
  states: readonly MessageState[],
  jobsOf: (state: MessageState) => readonly JobId[],
): Promise<{ states: MessageState[]; done: Outcomes }> {
  const left = (mostMs: number) => Math.max(1, Math.min(mostMs, storeUntil - clock()));
  const looked: MessageState[] = [];
  const done = new Map<MessageState['message'], Outcome[]>();
  const able = states.filter(({ trouble }) => !trouble);
  looked.push(...states.filter(({ trouble }) => trouble));
  for (const [name, here] of groupBy(able, ({ index }) => index.name)) {
    const { index } = here[0] as MessageState;
    try {
      if (!verifiedIndices.has(name)) await checkIndex(results, index, left(WRITE_RESERVE_MS));
      verifiedIndices.add(name);
      const existing = await existingIds(results, name, here.flatMap(jobsOf), left(REQUEST_TIMEOUT_MS));
      const outcomesOf = (state: MessageState) =>
        jobsOf(state).flatMap((jobId): Outcome[] => (existing.has(jobId) ? [{ kind: 'done', jobId }] : []));
      for (const state of here) done.set(state.message, outcomesOf(state));
      looked.push(...here);
    } catch (error) {
      verifiedIndices.delete(name);
      looked.push(...here.map((state) => ({ ...state, trouble: error as Error })));
    }
  }
  return { states: looked, done };
}

/**
 * Writes the documents of jobs that were run, and says what came of each job that was run to its end. A job whose document
 * Elasticsearch has not decided on has no outcome, and `trouble` says why.
 * @returns the trouble by index
 */
export async function storeDocuments(
  worker: Worker,
  ended: readonly JobResult[],
  timeoutMs: number,
): Promise<{ outcomes: Outcomes; troubles: ReadonlyMap<string, Error> }> {
  const worked = ended.flatMap((end) => (end.kind === 'worked' ? [end] : []));
  const { written, trouble } = await writeDocuments(
    worker.results,
    worked.map((end) => documentOf(worker.id, end)),
    timeoutMs,
  );
  const decided = new Map(written.map((one) => [one.jobId, one]));
  const outcomeOf = (end: JobResult): Outcome[] => {
    const { jobId } = end.task;
    if (end.kind === 'failed')
      return [{ kind: 'failed', jobId, reason: end.reason, permanent: end.permanent }];
    const document = end.kind === 'worked' ? decided.get(jobId) : undefined;
    if (!document) return [];
    if (document.refused !== undefined)
      return [{ kind: 'failed', jobId, reason: document.refused, permanent: false }];
    return [{ kind: 'done', jobId }];
  };
  const byMessage = groupBy(ended, ({ task }) => task.message);
  const undecided = worked.filter(({ task }) => !decided.has(task.jobId));
  return {
    outcomes: new Map([...byMessage].map(([message, ends]) => [message, ends.flatMap(outcomeOf)])),
    troubles: new Map(undecided.flatMap(({ task }) => (trouble ? [[task.index, trouble] as const] : []))),
  };
}

function documentOf(
  workerId: WorkerId,
  { task, input, output, endedAt }: JobResult & { kind: 'worked' },
): IndexedDocument {
  const { jobId, message, index } = task;
  const { runId, tick, enqueuedAt } = message;
  return {
    index,
    document: {
      jobId,
      runId,
      tick,
      workerId,
      input,
      output,
      enqueuedAt: new Date(enqueuedAt).toISOString(),
      processedAt: new Date(endedAt).toISOString(),
    },
  };
}
