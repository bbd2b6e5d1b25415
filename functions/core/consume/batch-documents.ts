import { groupBy } from '../grouping.ts';
import type { JobId } from '../model/ids.ts';
import type { Outcome } from '../model/message-record.ts';
import { REQUEST_TIMEOUT_MS } from '../results/client.ts';
import { findStoredIds, type IndexedDocument, writeDocuments } from '../results/documents.ts';
import { checkIndex } from '../results/ensure-index.ts';
import { type Mapping, storedValue } from '../results/mapping.ts';
import type { MessageState } from './read-batch.ts';
import type { JobResult } from './run-job.ts';
import { type TimeBudget, WRITE_RESERVE_MS } from './time-budget.ts';
import type { Worker } from './worker.ts';

/** A message with outcomes of its jobs that the ledger does not know yet. */
export interface MessageOutcomes extends MessageState {
  readonly outcomes: readonly Outcome[];
}

/**
 * Looks up which jobs already have their document, and checks every index that this worker has not verified yet.
 * @param jobsOf the jobs of a message to look up
 * @returns each message with a `done` outcome for each document found. Where Elasticsearch could not answer, the
 *   message gets a `problem`; an outage of one index does not affect messages of another.
 */
export async function findDocuments(
  { results, verifiedIndices, clock }: Worker,
  { storeUntil }: TimeBudget,
  states: readonly MessageState[],
  jobsOf: (state: MessageState) => readonly JobId[],
): Promise<MessageOutcomes[]> {
  const timeLeft = (maxMs: number) => Math.max(1, Math.min(maxMs, storeUntil - clock()));
  const withProblem = states.filter(({ problem }) => problem);
  const found: MessageOutcomes[] = withProblem.map((state) => ({ ...state, outcomes: [] }));
  const byIndex = groupBy(
    states.filter(({ problem }) => !problem),
    ({ index }) => index.name,
  );
  for (const [name, sameIndex] of byIndex) {
    const { index } = sameIndex[0] as MessageState;
    try {
      if (!verifiedIndices.has(name)) await checkIndex(results, index, timeLeft(WRITE_RESERVE_MS));
      verifiedIndices.add(name);
      const jobs = sameIndex.flatMap(jobsOf);
      const stored = await findStoredIds(results, name, jobs, timeLeft(REQUEST_TIMEOUT_MS));
      for (const state of sameIndex) {
        const done = jobsOf(state).filter((jobId) => stored.has(jobId));
        found.push({ ...state, outcomes: done.map((jobId) => ({ kind: 'done', jobId })) });
      }
    } catch (error) {
      verifiedIndices.delete(name);
      found.push(...sameIndex.map((state) => ({ ...state, problem: error as Error, outcomes: [] })));
    }
  }
  return found;
}

/**
 * Writes the documents of jobs that worked.
 * @param jobResults how the messages' jobs ended
 * @returns each message with the outcomes of its jobs. A job whose document Elasticsearch neither accepted nor refused has
 *   no outcome; `outages` has the reason, by the index's name.
 */
export async function storeDocuments(
  worker: Worker,
  states: readonly MessageState[],
  jobResults: readonly JobResult[],
  timeoutMs: number,
): Promise<{ states: MessageOutcomes[]; outages: ReadonlyMap<string, Error> }> {
  const { item, output } = worker.results.mapping;
  const isAnyJson = item.type === 'flattened' || output.type === 'flattened';
  const stored = isAnyJson
    ? jobResults.map((result) => asStored(worker.results.mapping, result))
    : jobResults;
  const byMessage = groupBy(stored, ({ task }) => task.message);
  const { written, problem } = await writeDocuments(
    worker.results,
    [...byMessage.values()].flatMap((results) => documentsOf(worker, results)),
    timeoutMs,
  );
  const byJob = new Map(written.map((one) => [one.jobId, one]));
  const outages = new Map<string, Error>();
  for (const { kind, task } of stored)
    if (problem && kind === 'worked' && !byJob.has(task.jobId)) outages.set(task.tick.index.name, problem);
  const outcomeOf = (result: JobResult): Outcome[] => {
    const { jobId } = result.task;
    if (result.kind === 'failed')
      return [{ kind: 'failed', jobId, reason: result.reason, permanent: result.permanent }];
    const document = result.kind === 'worked' ? byJob.get(jobId) : undefined;
    if (!document) return [];
    if (document.refused !== undefined)
      return [{ kind: 'failed', jobId, reason: document.refused, permanent: false }];
    return [{ kind: 'done', jobId }];
  };
  return {
    states: states.map((state) => ({
      ...state,
      outcomes: (byMessage.get(state.message) ?? []).flatMap(outcomeOf),
    })),
    outages,
  };
}

/** A job's result with its item and output as they are stored. A job whose document would be refused has failed. */
function asStored(mapping: Mapping, result: JobResult): JobResult {
  if (result.kind !== 'worked') return result;
  const { kind, task, endedAt } = result;
  const item = storedValue('item', mapping.item, result.item);
  const output = storedValue('output', mapping.output, result.output);
  if ('problem' in item) return { kind: 'failed', task, reason: item.problem, permanent: true };
  if ('problem' in output) return { kind: 'failed', task, reason: output.problem, permanent: true };
  return { kind, task, item: item.value, output: output.value, endedAt };
}

/** The documents of one message's jobs that worked. */
function documentsOf({ id, version }: Worker, results: readonly JobResult[]): IndexedDocument[] {
  let enqueuedAt: string | undefined;
  return results.flatMap((result) => {
    if (result.kind !== 'worked') return [];
    const { item, output, endedAt, task } = result;
    const { runId, tick, enqueuedAt: enqueuedAtMs } = task.message;
    // Formatted once for all jobs of the message.
    enqueuedAt ??= new Date(enqueuedAtMs).toISOString();
    const processedAt = new Date(endedAt).toISOString();
    const { jobId } = task;
    const document = { jobId, runId, tick, workerId: id, version, item, output, enqueuedAt, processedAt };
    return [{ index: task.tick.index.name, document }];
  });
}
