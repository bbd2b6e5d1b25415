import pMap from 'p-map';
import type { JobId } from '../model/ids.ts';
import type { ItemEntry } from '../model/item.ts';
import type { MessageState } from './read-batch.ts';
import type { Worker } from './worker.ts';

/** Messages whose items are loaded at the same time. */
const LOADS_AT_ONCE = 10;

/**
 * Loads the items of jobs. Jobs without a list have no items to load.
 * @param jobsOf the jobs of a message whose items are needed, in ascending order
 * @returns the messages with their items. A message whose items could not be loaded now has a `problem`.
 */
export async function loadItems<State extends MessageState>(
  { items }: Worker,
  states: readonly State[],
  jobsOf: (state: State) => readonly JobId[],
): Promise<State[]> {
  return pMap(
    states,
    async (state) => {
      const { tick, entries: known, problem } = state;
      const jobs = problem || !tick?.items ? [] : jobsOf(state).filter((job) => !known?.has(job));
      if (!tick?.items || jobs.length === 0) return state;
      try {
        const indices = jobs.map((job) => job - tick.firstJob);
        const loaded = await items.entriesOf(tick.runId, tick.items, indices);
        const entries = new Map<JobId, ItemEntry>(known);
        for (const [at, job] of jobs.entries()) entries.set(job, loaded[at] as ItemEntry);
        return { ...state, entries };
      } catch (error) {
        return { ...state, problem: error as Error };
      }
    },
    { concurrency: LOADS_AT_ONCE },
  );
}

/** The item of a job: the jobId for a numbered job. Items of a list must have been loaded. */
export function entryOf({ tick, entries }: MessageState, jobId: JobId): ItemEntry {
  if (!tick?.items) return { item: jobId };
  return entries?.get(jobId) ?? { problem: 'its item was not loaded' };
}
