import type { SnapshotReader } from '../items/snapshot.ts';
import { readRecord } from '../ledger/message-records.ts';
import { newestRuns } from '../ledger/runs.ts';
import type { Table } from '../ledger/table.ts';
import { findTickOf } from '../ledger/ticks.ts';
import { reasonFrom } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import { jobDueAt, messageContaining, type Tick } from '../model/tick.ts';
import type { Results } from '../results/client.ts';
import { findDocument, type ResultDocument } from '../results/documents.ts';
import { type JobProgress, jobProgress, type RetryRules } from './job-progress.ts';

/** Everything that is known about one job. Times are ISO 8601. */
export interface JobReport extends JobProgress {
  jobId: JobId;
  runId: RunId;
  tick: number;
  /** The job's position in its tick, from 0 to `count` − 1. */
  index: number;
  /** Number of jobs in the tick. */
  count: number;
  dueAt: string;
  /** The first and the last job of its message. */
  message: { first: JobId; last: JobId };
  /** The pass of the list, and the item's position in it, from 0. Absent for a numbered job. */
  pass?: { pass: number; position: number };
  item?: unknown;
  /** The document; null if there is none. */
  document?: ResultDocument | null;
  /** Why the item or the document is missing here. */
  problems?: { item?: string; document?: string };
}

/** Where a job's data is. */
export interface JobSources {
  table: Table;
  items: Pick<SnapshotReader, 'entriesOf'>;
  results: Results;
}

/**
 * Finds a job by its id. If S3 or Elasticsearch do not answer, the rest is found.
 * @param now milliseconds since 1970
 * @returns undefined if no tick has such a job
 * @throws Unavailable when the ledger does not answer
 */
export async function findJob(
  { table, items, results }: JobSources,
  rules: RetryRules,
  jobId: JobId,
  now: number,
): Promise<JobReport | undefined> {
  const tick = await findOwner(table, jobId);
  if (!tick) return undefined;
  const { runId, firstJob, count } = tick;
  const index = jobId - firstJob;
  const range = messageContaining(tick, jobId);
  const [record, item, document] = await Promise.all([
    readRecord(table, range),
    attempt(() => itemOf(items, tick, jobId)),
    attempt(() => findDocument(results, tick.index.name, jobId)),
  ]);
  const entry = 'value' in item ? item.value : item;
  const problems = {
    ...('problem' in entry && { item: entry.problem }),
    ...('problem' in document && { document: document.problem }),
  };
  return {
    jobId,
    runId,
    tick: tick.tick,
    index,
    count,
    dueAt: new Date(jobDueAt(tick, index)).toISOString(),
    message: { first: range.first, last: range.last },
    ...(tick.items && { pass: { pass: tick.items.pass, position: tick.items.first + index } }),
    ...('item' in entry && { item: entry.item }),
    ...jobProgress({
      jobId,
      enqueuedAt: index < tick.claimed ? tick.claimedAt : undefined,
      record,
      hasDocument: 'value' in document && document.value !== undefined,
      rules,
      now,
    }),
    ...('value' in document && { document: document.value ?? null }),
    ...(Object.keys(problems).length > 0 && { problems }),
  };
}

/** The tick of a job. Runs own ascending jobIds, and so do the ticks of a run. */
async function findOwner(table: Table, jobId: JobId): Promise<Tick | undefined> {
  for await (const run of newestRuns(table)) {
    if (run.firstJobId !== undefined && run.firstJobId > jobId) continue;
    const tick = await findTickOf(table, run.runId, run.tick, jobId);
    if (tick) return tick;
    // A run without ticks owns no job, and the next run starts with the same jobId.
    if (run.firstJobId !== undefined && run.tick > 0) return undefined;
  }
  return undefined;
}

async function itemOf(items: JobSources['items'], tick: Tick, jobId: JobId) {
  if (!tick.items) return { item: jobId };
  const [entry] = await items.entriesOf(tick.runId, tick.items, [jobId - tick.firstJob]);
  return entry ?? { problem: 'its item is gone' };
}

async function attempt<T>(read: () => Promise<T>): Promise<{ value: T } | { problem: string }> {
  try {
    return { value: await read() };
  } catch (error) {
    return { problem: reasonFrom(error) };
  }
}
