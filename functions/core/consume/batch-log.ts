import { groupBy } from '../grouping.ts';
import type { JobId, RunId } from '../model/ids.ts';
import { jobsToRun, type Message } from '../model/message.ts';
import { openJobs } from '../model/message-record.ts';
import type { MessageState } from './read-batch.ts';

/** Jobs of one tick, from the lowest to the highest. There may be gaps. */
export interface JobRange {
  runId: RunId;
  tick: number;
  firstJob: JobId;
  lastJob: JobId;
}

/** The range of jobs that a batch has of each tick, so that the log can be searched for a job. */
export function jobRanges(states: readonly MessageState[]): JobRange[] {
  const ticks = groupBy(
    states.map(({ message }) => message),
    ({ runId, tick }) => `${runId}#${tick}`,
  );
  return [...ticks.values()].map((messages) => {
    const { runId, tick } = messages[0] as Message;
    const firstJob = Math.min(...messages.map(({ first }) => first)) as JobId;
    const lastJob = Math.max(...messages.map(({ last }) => last)) as JobId;
    return { runId, tick, firstJob, lastJob };
  });
}

/** How many of the jobs that the messages ask for were already counted when the messages arrived. */
export function skippedJobs(states: readonly MessageState[]): number {
  return states.reduce((sum, { requests, record, requested }) => {
    const jobs = new Set(requests.flatMap(({ message }) => jobsToRun(message)));
    return sum + jobs.size - openJobs(record, requested).length;
  }, 0);
}
