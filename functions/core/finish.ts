import { deadLetterOf } from './dead-letter.ts';
import type { JobId } from './ids.ts';
import { type Counting, count, type Decide, type Entry } from './ledger/message.ts';
import { messageKey } from './message.ts';
import { send } from './queue.ts';
import { present } from './results/document.ts';
import { doomedJobs, FAILED_AT_ONCE, giveUp, type Outcome, recoverable, settle } from './settlement.ts';
import type { Worker } from './worker.ts';

/** The jobs that a delivery has given up on, and kept as dead letters. */
export type GivenUp = Map<Entry, Set<JobId>>;

/**
 * Counts what is done, and gives up on what is not to be tried again; leaves the entries as the ledger has them.
 * @param givenUp is added to
 */
export async function finish(
  worker: Worker,
  entries: Entry[],
  outcomes: Outcome[],
  givenUp: GivenUp,
): Promise<void> {
  const counting = countingOf(worker);
  await change(worker, entries, ({ message, record }) => settle(message, record, outcomes, counting.now));
  for (const entry of entries) {
    await recover(counting, entry, outcomes);
    const before = givenUp.get(entry) ?? new Set();
    givenUp.set(entry, new Set([...before, ...(await giveUpOn(worker, counting, entry, before))]));
  }
}

/** Brings the ledger, and the entries, to what `decide` says. */
export async function change(worker: Worker, entries: Entry[], decide: Decide): Promise<void> {
  for (const layer of layersOf(entries)) await count(countingOf(worker), layer, decide);
}

function countingOf({ table, id, settings, clock }: Worker): Counting {
  const now = clock();
  return { table, worker: id, now, expiresAt: Math.ceil(now / 1000) + settings.remember };
}

/** Counts the rest of the jobs that were counted as failed and are done, more than one transaction takes. */
async function recover(counting: Counting, entry: Entry, outcomes: Outcome[]): Promise<void> {
  const done = outcomes.filter(({ kind }) => kind === 'done');
  while (recoverable(entry.record, done).length > 0)
    await count(counting, [entry], ({ message, record }) => settle(message, record, done, counting.now));
}

/**
 * Entries in layers that have each ledger item at most once, since a transaction may: when dead letters are sent
 * again, several messages ask for jobs of the same item. A later layer finds the item changed, and reads it again.
 */
function layersOf(entries: Entry[]): Entry[][] {
  const layers: Entry[][] = [];
  const seen = new Map<string, number>();
  for (const entry of entries) {
    const key = messageKey(entry.message);
    const depth = seen.get(key) ?? 0;
    seen.set(key, depth + 1);
    layers[depth] = [...(layers[depth] ?? []), entry];
  }
  return layers;
}

async function giveUpOn(
  worker: Worker,
  counting: Counting,
  entry: Entry,
  before: Set<JobId>,
): Promise<Set<JobId>> {
  const { message } = entry;
  const doomed = doomedJobs(message, entry.record, worker.settings.maxAttempts).filter(
    ({ jobId }) => !before.has(jobId),
  );
  // Another delivery may have done meanwhile what failed here.
  const done = await present(
    worker.results,
    entry.index.name,
    doomed.map(({ jobId }) => jobId),
  );
  await count(counting, [entry], ({ record }) => settle(message, record, doneJobs(done), counting.now));
  await recover(counting, entry, doneJobs(done));
  const lost = doomed.filter(({ jobId }) => !done.has(jobId));
  for (let at = 0; at < lost.length; at += FAILED_AT_ONCE) {
    const letters = lost.slice(at, at + FAILED_AT_ONCE);
    await send(
      worker.deadLetters,
      letters.map((job) => deadLetterOf(message, job, counting.now)),
    );
    const jobs = letters.map(({ jobId }) => jobId);
    await count(counting, [entry], ({ record }) => giveUp(record, jobs));
  }
  return new Set(lost.map(({ jobId }) => jobId));
}

/** Jobs that have their document. */
export function doneJobs(jobs: Iterable<JobId>): Outcome[] {
  return Array.from(jobs, (jobId) => ({ kind: 'done', jobId }));
}
