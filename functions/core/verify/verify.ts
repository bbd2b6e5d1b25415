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
import { countDocuments, countDuplicates, findJobIds, refresh } from '../results/search.ts';

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

/** Records that are read at a time. */
const READS_AT_ONCE = 10;

/** Compares a run's ledger with its results. @throws Unavailable */
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
  // A tick may have fired, or a job been counted, while Elasticsearch was asked.
  const after = (await readTotals(table, runId)) ?? before;
  const { processed, failed } = after;
  const { enqueued } = after.run;
  const moved =
    enqueued !== before.run.enqueued || processed !== before.processed || failed !== before.failed;
  const pending = enqueued - processed - failed;
  const faults = [
    ...(documents !== processed ? [`${documents} documents for ${processed} processed jobs`] : []),
    ...(duplicates > 0 ? [`${duplicates} jobs with more than one document`] : []),
    ...(missing.count > 0 ? [`${missing.count} jobs with neither a document nor a failure`] : []),
  ];
  return {
    ok: pending === 0 && !moved && faults.length === 0,
    runId,
    enqueued,
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

/** Jobs without a document, but for those whose messages' records say that they have failed. */
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
  let at = 0;
  for (const job of absent) {
    // Jobs and ticks are both in their order.
    while ((ticks[at + 1]?.firstJob ?? Number.POSITIVE_INFINITY) <= job) at++;
    const range = messageContaining(ticks[at] as Tick, job as JobId);
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
      const lost = jobs.filter((one) => !failed.has(one));
      missing.count += lost.length;
      missing.first.push(...lost);
    },
    { concurrency: READS_AT_ONCE },
  );
  missing.first = missing.first.sort((a, b) => a - b).slice(0, NAMED);
  return missing;
}

/** The jobs of ticks that follow each other, as one range. */
function rangesOf(ticks: readonly Tick[]): Range[] {
  const ranges: Range[] = [];
  for (const { firstJob: first, sent } of ticks) {
    const before = ranges.at(-1);
    if (before && before.last + 1 === first) before.last += sent;
    else ranges.push({ first, last: first + sent - 1 });
  }
  return ranges;
}

/** Halves the range until counting its documents is proof, or it is small enough to go through id by id. */
async function jobsWithout(results: Results, runId: RunId, { first, last }: Range): Promise<number[]> {
  const size = last - first + 1;
  // The documents' names are the jobIds, so that as many documents as jobs means one for each.
  if ((await countDocuments(results, runId, { first, last })) === size) return [];
  if (size > COMPARED_AT_ONCE) {
    const middle = first + Math.floor(size / 2);
    return [
      ...(await jobsWithout(results, runId, { first, last: middle - 1 })),
      ...(await jobsWithout(results, runId, { first: middle, last })),
    ];
  }
  const documents = await findJobIds(results, runId, { first, last });
  return Array.from({ length: size }, (_, at) => first + at).filter((job) => !documents.has(job));
}
