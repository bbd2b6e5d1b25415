import { delaySeconds, OUTAGE_CAP_SECONDS } from './backoff.ts';
import { type Batch, type JobRange, note } from './batch.ts';
import { isUnderWay, mourn } from './caution.ts';
import { malformedLetterOf } from './dead-letter.ts';
import { ConditionFailed, Unavailable } from './errors.ts';
import { change, type GivenUp } from './finish.ts';
import { type Identified, identify } from './identify.ts';
import type { JobId } from './ids.ts';
import type { Entry } from './ledger/message.ts';
import { jobsOf } from './message.ts';
import { perform } from './perform.ts';
import { type Later, returnLater, send } from './queue.ts';
import { present } from './results/document.ts';
import { checkIndex } from './results/mapping.ts';
import { limitsOf, roundsOf, WRITING_MS } from './rounds.ts';
import { openJobs } from './settlement.ts';
import type { Delivery, Worker } from './worker.ts';

/**
 * Does one batch of messages, in an order in which a worker may die after any step:
 *
 *     read ─► work ─► write documents ─► count ─► keep dead letters ─► count as failed ─► (queue deletes)
 *
 * A document is written before its job is counted, a dead letter kept before its job is counted as failed, and a
 * message is deleted only when all its jobs are counted. Dying in between means that it is delivered again; then the
 * ledger says which jobs are counted, and the rest is done once more.
 *
 * @param endsAt when the invocation is over, by the worker's clock
 */
export async function consume(worker: Worker, deliveries: Delivery[], endsAt: number): Promise<Batch> {
  const batch: Batch = { jobs: [], failed: [], processed: 0, failedAttempts: 0, skipped: 0, malformed: 0 };
  let undone: Undone[] = deliveries.map((delivery) => ({ delivery }));
  try {
    const now = worker.clock();
    const { identified, malformed } = await identify(worker, deliveries);
    await send(
      worker.deadLetters,
      malformed.map(({ delivery, reason }) => malformedLetterOf(delivery.body, reason, now)),
    );
    batch.malformed = malformed.length;
    undone = identified.map(({ delivery }) => ({ delivery }));
    batch.jobs = rangesOf(identified.map(({ entry }) => entry));
    const free = identified.filter(({ entry }) => !isUnderWay(entry.record, now));
    const { mine, found } = await lookAtResults(worker, batch, free);
    const entries = [...new Set(mine.map(({ entry }) => entry))];
    await change(worker, entries, ({ record }) => mourn(record, now));
    const limits = limitsOf(now, endsAt);
    const givenUp: GivenUp = new Map();
    for (const round of roundsOf(worker, mine, found, limits)) {
      if (!(await perform(worker, batch, round, givenUp, limits))) break;
    }
    batch.skipped += jobsIn(entries);
    undone = identified.flatMap(({ entry, delivery }) =>
      isOpen(entry, givenUp.get(entry)) ? [{ delivery, notBefore: entry.record.underWay?.until }] : [],
    );
  } catch (error) {
    // The ledger moved on again and again: another delivery of the same message is at work, and this one can wait.
    if (!(error instanceof Unavailable || error instanceof ConditionFailed)) throw error;
    if (error instanceof Unavailable) note(worker, batch, error);
  }
  await putBack(worker, batch, undone);
  return batch;
}

/**
 * Sees that what the messages' documents belong in is there, and which jobs have theirs already.
 * @returns the deliveries that can be worked on; one index's trouble is none of the others', and what belongs there waits
 */
async function lookAtResults(
  worker: Worker,
  batch: Batch,
  identified: Identified['identified'],
): Promise<{ mine: Identified['identified']; found: Set<JobId> }> {
  const mine: Identified['identified'] = [];
  const found = new Set<JobId>();
  const names = new Set(identified.map(({ entry }) => entry.index.name));
  for (const name of names) {
    const here = identified.filter(({ entry }) => entry.index.name === name);
    try {
      for (const job of await findDone(worker, here)) found.add(job);
      mine.push(...here);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      note(worker, batch, error);
    }
  }
  return { mine, found };
}

/**
 * Of messages of one index that were delivered before: the jobs that have their document already, and only want
 * counting. @throws Unavailable
 */
async function findDone(worker: Worker, identified: Identified['identified']): Promise<Set<JobId>> {
  const { results, ready } = worker;
  const index = identified[0]?.entry.index;
  if (!index) return new Set();
  if (!ready.has(index.name)) await checkIndex(results, index, WRITING_MS);
  ready.add(index.name);
  const jobs = identified.flatMap(({ entry: { message, record }, delivery }) =>
    delivery.receives > 1 || message.retry ? [...record.pending, ...record.failed] : [],
  );
  return present(results, index.name, [...new Set(jobs)]);
}

/**
 * Whether the message has to come again. A job whose last attempt another delivery has noted meanwhile is doomed, and
 * yet nobody has kept its dead letter.
 */
function isOpen({ message, record }: Entry, givenUp: Set<JobId> | undefined): boolean {
  return openJobs(message, record).some((jobId) => !givenUp?.has(jobId));
}

function jobsIn(entries: Entry[]): number {
  return entries.reduce((sum, { message }) => sum + jobsOf(message).length, 0);
}

function rangesOf(entries: Entry[]): JobRange[] {
  const ranges = new Map<string, JobRange>();
  for (const { message } of entries) {
    const { runId, tick, first, last } = message;
    const range = ranges.get(`${runId}#${tick}`) ?? { runId, tick, firstJob: first, lastJob: last };
    range.firstJob = Math.min(range.firstJob, first) as JobId;
    range.lastJob = Math.max(range.lastJob, last) as JobId;
    ranges.set(`${runId}#${tick}`, range);
  }
  return [...ranges.values()];
}

/** A delivery that is to come again, and when another one that is at it must have ended, milliseconds since 1970. */
interface Undone {
  delivery: Delivery;
  notBefore?: number | undefined;
}

/** Has deliveries come again: soon after an outage, and later and later when it is their jobs that fail. */
async function putBack(worker: Worker, batch: Batch, undone: Undone[]): Promise<void> {
  const { backoff } = worker.settings;
  const used = batch.outage
    ? { ...backoff, capSeconds: Math.min(backoff.capSeconds, OUTAGE_CAP_SECONDS) }
    : backoff;
  const later = undone.map(
    ({ delivery: { receiptHandle, receives }, notBefore = 0 }): Later => ({
      receiptHandle,
      delaySeconds: Math.max(
        delaySeconds(used, receives, worker.chance()),
        Math.ceil((notBefore - worker.clock()) / 1000),
      ),
    }),
  );
  batch.failed = undone.map(({ delivery }) => delivery.id);
  await returnLater(worker.jobs, later);
}
