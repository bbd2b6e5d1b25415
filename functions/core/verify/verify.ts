import pMap from 'p-map';
import { readRecord } from '../ledger/message-records.ts';
import { readRun } from '../ledger/runs.ts';
import type { Table } from '../ledger/table.ts';
import { listTicks } from '../ledger/ticks.ts';
import { readTotals, type Totals } from '../ledger/totals.ts';
import type { JobId, RunId } from '../model/ids.ts';
import { type MessageRange, messageKey } from '../model/message.ts';
import { messageContaining, type Tick } from '../model/tick.ts';
import type { Results } from '../results/client.ts';
import { countDocuments, countDuplicates, findJobIds, type JobIdRange, refresh } from '../results/search.ts';

/** The result of comparing the ledger with the results index. */
export interface Verification {
  /** Whether the run is drained and every job was counted exactly once. */
  ok: boolean;
  runId: RunId | null;
  enqueued: number;
  processed: number;
  failed: number;
  /** Jobs that are enqueued, and neither processed nor failed yet. */
  pending: number;
  documents: number;
  /** Jobs with more than one document. */
  duplicates: number;
  /** Jobs that were sent and have neither a document nor a failure. `first` lists at most 100 jobIds, in order. */
  missing: { count: number; first: number[] };
  /** The result in one sentence. */
  message: string;
}

/** Maximum number of missing jobs to list. */
const MAX_LISTED_JOBS = 100;

/** Ranges of up to this many jobs are compared id by id. Elasticsearch returns at most 10,000 hits. */
const MAX_IDS_COMPARED = 5_000;

/** Records that are read at the same time. */
const READS_AT_ONCE = 10;

/** Compares a run's ledger with its documents; undefined if there is no such run. @throws Unavailable */
export async function verify(
  table: Table,
  { client }: Results,
  runId: RunId,
): Promise<Verification | undefined> {
  const run = await readRun(table, runId);
  if (!run) return undefined;
  const results = { client, index: run.indexing.index };
  await refresh(results);
  const before = await readTotals(table, runId);
  if (!before) return undefined;
  const documents = await countDocuments(results, runId);
  const duplicates = await countDuplicates(results, runId, documents);
  const missing = await findMissing(table, results, before);
  // A tick may have fired, or a job may have been counted, during the searches.
  const after = (await readTotals(table, runId)) ?? before;
  const { processed, failed } = after;
  const { enqueued } = after.run;
  const changed =
    enqueued !== before.run.enqueued || processed !== before.processed || failed !== before.failed;
  const pending = enqueued - processed - failed;
  const problems = [
    ...(documents !== processed ? [`${documents} documents for ${processed} processed jobs`] : []),
    ...(duplicates > 0 ? [`${duplicates} jobs with more than one document`] : []),
    ...(missing.count > 0 ? [`${missing.count} jobs with neither a document nor a failure`] : []),
  ];
  return {
    ok: pending === 0 && !changed && problems.length === 0,
    runId,
    enqueued,
    processed,
    failed,
    pending,
    documents,
    duplicates,
    missing,
    message: messageOf(pending, changed, problems),
  };
}

function messageOf(pending: number, changed: boolean, problems: string[]): string {
  if (pending > 0) return `${pending} jobs are still pending; verify again when they are done`;
  if (changed) return 'jobs were enqueued or counted during the comparison; verify again';
  if (problems.length > 0) return `the ledger and the results differ: ${problems.join('; ')}`;
  return 'every enqueued job is counted once, and every processed job has its one document';
}

/** Finds the jobs that were sent and have neither a document nor a failure in their message's record. */
async function findMissing(
  table: Table,
  results: Results,
  { run: { runId } }: Totals,
): Promise<Verification['missing']> {
  const ticks: Tick[] = [];
  for await (const tick of listTicks(table, runId)) if (tick.sent > 0) ticks.push(tick);
  let absent: number[] = [];
  for (const range of rangesOf(ticks)) absent = absent.concat(await jobsWithout(results, runId, range));
  const messages = new Map<string, { range: MessageRange; jobs: number[] }>();
  let index = 0;
  for (const job of absent) {
    // Jobs and ticks are both in ascending order.
    while ((ticks[index + 1]?.firstJob ?? Number.POSITIVE_INFINITY) <= job) index++;
    const range = messageContaining(ticks[index] as Tick, job as JobId);
    const known = messages.get(messageKey(range));
    if (known) known.jobs.push(job);
    else messages.set(messageKey(range), { range, jobs: [job] });
  }
  const missing: Verification['missing'] = { count: 0, first: [] };
  await pMap(
    messages.values(),
    async ({ range, jobs }) => {
      const record = await readRecord(table, range);
      const failed = new Set<number>(record?.failed);
      const lost = jobs.filter((job) => !failed.has(job));
      missing.count += lost.length;
      missing.first.push(...lost);
    },
    { concurrency: READS_AT_ONCE },
  );
  missing.first = missing.first.sort((a, b) => a - b).slice(0, MAX_LISTED_JOBS);
  return missing;
}

/** The sent jobs of the ticks; adjacent ticks share one range. */
function rangesOf(ticks: readonly Tick[]): JobIdRange[] {
  const ranges: JobIdRange[] = [];
  for (const { firstJob: first, sent } of ticks) {
    const previous = ranges.at(-1);
    if (previous && previous.last + 1 === first) previous.last += sent;
    else ranges.push({ first, last: first + sent - 1 });
  }
  return ranges;
}

/** The jobs of a range without a document. Halves the range until it is complete, or small enough to compare ids. */
async function jobsWithout(results: Results, runId: RunId, { first, last }: JobIdRange): Promise<number[]> {
  const size = last - first + 1;
  // A document's id is the jobId, so if there are as many documents as jobs, every job has one.
  if ((await countDocuments(results, runId, { first, last })) === size) return [];
  if (size > MAX_IDS_COMPARED) {
    const middle = first + Math.floor(size / 2);
    return [
      ...(await jobsWithout(results, runId, { first, last: middle - 1 })),
      ...(await jobsWithout(results, runId, { first: middle, last })),
    ];
  }
  const documents = await findJobIds(results, runId, { first, last });
  return Array.from({ length: size }, (_, offset) => first + offset).filter((job) => !documents.has(job));
}
