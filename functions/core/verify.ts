import type { RunId } from './ids.ts';
import { listFailedJobs } from './ledger/message.ts';
import { readRun } from './ledger/run.ts';
import type { Table } from './ledger/table.ts';
import { listTicks } from './ledger/tick.ts';
import { readTotals, type Totals } from './ledger/totals.ts';
import type { Results } from './results/client.ts';
import { countDocuments, countDuplicates, documentsIn, refresh } from './results/search.ts';

/** What comparing the ledger with the results has shown. */
export interface Verification {
  /** Whether the run is drained and every promise held. */
  ok: boolean;
  runId: RunId | null;
  enqueued: number;
  processed: number;
  failed: number;
  /** Jobs still on their way: enqueued, and neither processed nor failed. */
  pending: number;
  documents: number;
  duplicates: number;
  /** Jobs that were sent and have neither a document nor a failure; the first of them by name. */
  missing: { count: number; first: number[] };
  /** The finding in a sentence. */
  message: string;
}

/** How many missing jobs are named. */
const NAMED = 100;

/** Ranges up to this many jobs are compared id by id; Elasticsearch returns at most 10,000 hits. */
const COMPARED_AT_ONCE = 5_000;

/** Compares a run's ledger with its results. @throws Unavailable */
export async function verify(
  table: Table,
  { client, index }: Results,
  runId: RunId,
): Promise<Verification | undefined> {
  const { indexing } = (await readRun(table, runId)) ?? {};
  const results = { client, index: indexing?.index ?? index };
  await refresh(results);
  const before = await readTotals(table, runId);
  if (!before) return undefined;
  const documents = await countDocuments(results, runId);
  const duplicates = await countDuplicates(results, runId, documents);
  const missing = await findMissing(table, results, before);
  // A tick may have fired, or a job been counted, while Elasticsearch was asked.
  const after = (await readTotals(table, runId)) ?? before;
  const { run, processed, failed } = after;
  const moved =
    run.enqueued !== before.run.enqueued || processed !== before.processed || failed !== before.failed;
  const pending = run.enqueued - processed - failed;
  const faults = [
    ...(documents !== processed ? [`${documents} documents for ${processed} processed jobs`] : []),
    ...(duplicates > 0 ? [`${duplicates} jobs with more than one document`] : []),
    ...(missing.count > 0 ? [`${missing.count} jobs with neither a document nor a failure`] : []),
  ];
  return {
    ok: pending === 0 && !moved && faults.length === 0,
    runId,
    enqueued: run.enqueued,
    processed,
    failed,
    pending,
    documents,
    duplicates,
    missing,
    message: verdict(pending, moved, faults),
  };
}

function verdict(pending: number, moved: boolean, faults: string[]): string {
  if (pending > 0) return `${pending} jobs are still on their way; verify again when they are done`;
  if (moved) return 'jobs were enqueued or done while it was compared; verify again';
  if (faults.length > 0) return `it does not hold: ${faults.join('; ')}`;
  return 'every enqueued job is counted once, and every processed job has its one document';
}

interface Range {
  first: number;
  last: number;
}

async function findMissing(
  table: Table,
  results: Results,
  { run }: Totals,
): Promise<Verification['missing']> {
  const failed: number[] = [];
  for await (const job of listFailedJobs(table, run.runId)) failed.push(job);
  const sent: Range[] = [];
  for await (const tick of listTicks(table, run.runId)) {
    const last = tick.firstJob + tick.sent - 1;
    const before = sent.at(-1);
    if (before && before.last + 1 === tick.firstJob) before.last = last;
    else if (tick.sent > 0) sent.push({ first: tick.firstJob, last });
  }
  const missing: Verification['missing'] = { count: 0, first: [] };
  for (const range of sent) await compare(results, run.runId, range, failed, missing);
  return missing;
}

/** Halves the range until counting its documents is proof, or it is small enough to go through id by id. */
async function compare(
  results: Results,
  runId: RunId,
  { first, last }: Range,
  failed: number[],
  missing: Verification['missing'],
): Promise<void> {
  const size = last - first + 1;
  const failures = failed.filter((job) => job >= first && job <= last);
  // The documents' names are the jobIds, so that as many documents as jobs means one for each.
  if (failures.length === 0 && (await countDocuments(results, runId, { first, last })) === size) return;
  if (size > COMPARED_AT_ONCE) {
    const middle = first + Math.floor(size / 2);
    await compare(results, runId, { first, last: middle - 1 }, failures, missing);
    await compare(results, runId, { first: middle, last }, failures, missing);
    return;
  }
  const accounted = await documentsIn(results, runId, { first, last });
  for (const job of failures) accounted.add(job);
  for (let job = first; job <= last; job++) {
    if (accounted.has(job)) continue;
    missing.count++;
    if (missing.first.length < NAMED) missing.first.push(job);
  }
}
