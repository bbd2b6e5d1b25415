import { groupBy } from '../group-by.ts';
import type { JobId, WorkerId } from '../ids.ts';
import type { Outcome } from '../message-record.ts';
import { existingIds, type Filed, write } from '../results/document.ts';
import type { Ended } from '../work.ts';
import type { MessageState } from './read-batch.ts';
import type { TimeBudget } from './time-budget.ts';
import type { Worker } from './worker.ts';

/** What came of jobs, by the message that they were run for. */
export type Outcomes = ReadonlyMap<MessageState['message'], Outcome[]>;

/**
 * Looks which jobs have their document already. One index's trouble is none of the others'.
 * @param jobsOf the jobs of a message to look for
 */
export async function findDone(
  { results }: Worker,
  states: readonly MessageState[],
  jobsOf: (state: MessageState) => JobId[],
): Promise<{ states: MessageState[]; done: Outcomes }> {
  const troubles = new Map<MessageState['message'], Error>();
  const done = new Map<MessageState['message'], Outcome[]>();
  for (const [name, here] of groupBy(states, ({ index }) => index.name)) {
    const sought = here
      .map((state) => ({ state, jobs: jobsOf(state) }))
      .filter(({ jobs }) => jobs.length > 0);
    try {
      const existing = await existingIds(
        results,
        name,
        sought.flatMap(({ jobs }) => jobs),
      );
      for (const { state, jobs } of sought)
        done.set(
          state.message,
          jobs.flatMap((jobId) => (existing.has(jobId) ? [{ kind: 'done' as const, jobId }] : [])),
        );
    } catch (error) {
      for (const { state } of sought) troubles.set(state.message, error as Error);
    }
  }
  return {
    states: states.map((state) => ({ ...state, trouble: state.trouble ?? troubles.get(state.message) })),
    done,
  };
}

/**
 * Writes the documents of jobs that were run, and says what came of each job that was run to its end. A job whose document
 * Elasticsearch has not decided on has no outcome.
 */
export async function store(
  worker: Worker,
  ended: readonly Ended[],
  { storeUntil }: TimeBudget,
): Promise<{ outcomes: Outcomes; trouble?: Error | undefined }> {
  const worked = ended.flatMap((end) => (end.kind === 'worked' ? [end] : []));
  const { written, trouble } = await write(
    worker.results,
    worked.map((end) => documentOf(worker.id, end)),
    storeUntil - worker.clock(),
  );
  const decided = new Map(written.map((one) => [one.jobId, one]));
  const outcomes = new Map(
    [...groupBy(ended, ({ task }) => task.message)].map(([message, ends]) => [
      message,
      ends.flatMap((end): Outcome[] => {
        const { jobId } = end.task;
        if (end.kind === 'failed')
          return [{ kind: 'failed', jobId, reason: end.reason, permanent: end.permanent }];
        const document = end.kind === 'worked' ? decided.get(jobId) : undefined;
        if (!document) return [];
        if (document.refused !== undefined)
          return [{ kind: 'failed', jobId, reason: document.refused, permanent: false }];
        return [{ kind: 'done', jobId }];
      }),
    ]),
  );
  return { outcomes, trouble };
}

function documentOf(workerId: WorkerId, end: Ended & { kind: 'worked' }): Filed {
  const { jobId, message, index } = end.task;
  const document = {
    jobId,
    runId: message.runId,
    tick: message.tick,
    workerId,
    input: end.input,
    output: end.output,
    enqueuedAt: new Date(message.enqueuedAt).toISOString(),
    processedAt: new Date(end.endedAt).toISOString(),
  };
  return { index, document };
}
