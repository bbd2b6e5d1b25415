import { delaySeconds, OUTAGE_CAP_SECONDS } from './backoff.ts';
import { malformedLetterOf } from './dead-letter.ts';
import { ConditionFailed, Unavailable } from './errors.ts';
import { doneJobs, finish } from './finish.ts';
import { type Identified, identify } from './identify.ts';
import type { JobId, RunId, WorkerId } from './ids.ts';
import type { Entry } from './ledger/message.ts';
import { jobsOf } from './message.ts';
import { type Later, returnLater, send } from './queue.ts';
import { present, type ResultDocument, reach, write } from './results.ts';
import { doomedJobs, type Outcome, openJobs } from './settlement.ts';
import { type Ended, type Task, workOn } from './work.ts';
import type { Delivery, Worker } from './worker.ts';

/** Jobs of one tick, from the lowest to the highest. */
export interface JobRange {
  runId: RunId;
  tick: number;
  firstJob: JobId;
  lastJob: JobId;
}

/** What became of a batch. */
export interface Batch {
  /** The jobs that its messages ask for. */
  jobs: JobRange[];
  /** Deliveries that are to come again; all others are done with. */
  failed: string[];
  processed: number;
  failedJobs: number;
  /** Jobs that were counted already when their message came. */
  skipped: number;
  malformed: number;
  /** Why messages come again through no fault of a job's. */
  outage?: Unavailable;
}

/** The part of an invocation kept for writing what was worked on, and at most how much, in milliseconds. */
const WRITING_SHARE = 0.25;
const WRITING_MS = 2_500;

/** Kept at the very end for the ledger and the queue when Elasticsearch doesn't answer, in milliseconds. */
const CLOSING_MS = 1_000;

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
  const batch: Batch = { jobs: [], failed: [], processed: 0, failedJobs: 0, skipped: 0, malformed: 0 };
  let undone = deliveries;
  try {
    const now = worker.clock();
    const { identified, malformed } = await identify(worker, deliveries);
    await send(
      worker.deadLetters,
      malformed.map(({ delivery, reason }) => malformedLetterOf(delivery.body, reason, now)),
    );
    batch.malformed = malformed.length;
    undone = identified.map(({ delivery }) => delivery);
    if (worker.resultsGone) await reach(worker.results, WRITING_MS);
    worker.resultsGone = false;

    const entries = [...new Set(identified.map(({ entry }) => entry))];
    batch.jobs = rangesOf(entries);
    const found = await findDone(worker, identified);
    const tasks = tasksOf(entries, worker.settings.maxAttempts).filter(({ jobId }) => !found.has(jobId));
    const ended = await workOn(worker.job, tasks, {
      concurrency: worker.settings.jobConcurrency,
      until: endsAt - Math.min(WRITING_MS, (endsAt - now) * WRITING_SHARE),
      clock: worker.clock,
    });
    if (worker.onJob) ended.forEach(worker.onJob);
    const outcomes = [...doneJobs(found), ...(await store(worker, ended, batch, endsAt))];
    const givenUp = await finish(worker, entries, outcomes);

    tally(batch, entries, tasks, outcomes);
    undone = identified.flatMap(({ entry, delivery }) =>
      isOpen(entry, givenUp.get(entry)) ? [delivery] : [],
    );
  } catch (error) {
    // The ledger moved on again and again: another delivery of the same message is at work, and this one can wait.
    if (!(error instanceof Unavailable || error instanceof ConditionFailed)) throw error;
    if (error instanceof Unavailable) note(worker, batch, error);
  }
  await putBack(worker, batch, undone);
  return batch;
}

/** Of messages that were delivered before: the jobs that have their document already, and only want counting. */
async function findDone(worker: Worker, identified: Identified['identified']): Promise<Set<JobId>> {
  const jobs = identified.flatMap(({ entry: { message, record }, delivery }) =>
    delivery.receives > 1 || message.retry ? [...record.pending, ...record.failed] : [],
  );
  return present(worker.results, [...new Set(jobs)]);
}

/** The jobs to do, each once, even when the batch has its message twice. */
function tasksOf(entries: Entry[], maxAttempts: number): Task[] {
  const tasks = new Map<number, Task>();
  for (const { message, record } of entries) {
    const doomed = new Set(doomedJobs(message, record, maxAttempts).map(({ jobId }) => jobId));
    for (const jobId of openJobs(message, record))
      if (!doomed.has(jobId)) tasks.set(jobId, { jobId, message });
  }
  return [...tasks.values()];
}

/** Writes what was worked; says what came of each job that was worked on to an end. */
async function store(worker: Worker, ended: Ended[], batch: Batch, endsAt: number): Promise<Outcome[]> {
  const failed = ended.flatMap((end): Outcome[] =>
    end.kind === 'failed'
      ? [{ kind: 'failed', jobId: end.task.jobId, reason: end.reason, permanent: end.permanent }]
      : [],
  );
  const documents = ended.flatMap((end) => (end.kind === 'worked' ? [documentOf(worker.id, end)] : []));
  try {
    const written = await write(worker.results, documents, endsAt - CLOSING_MS - worker.clock());
    if (written.length < documents.length)
      note(worker, batch, new Unavailable('results', new Error('no room')));
    return [
      ...failed,
      ...written.map(
        (document): Outcome =>
          'refused' in document
            ? { kind: 'failed', jobId: document.jobId, reason: document.refused, permanent: false }
            : { kind: 'done', jobId: document.jobId },
      ),
    ];
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    note(worker, batch, error);
    return failed;
  }
}

function documentOf(workerId: WorkerId, end: Ended & { kind: 'worked' }): ResultDocument {
  const { jobId, message } = end.task;
  return {
    jobId,
    runId: message.runId,
    tick: message.tick,
    workerId,
    input: end.input,
    output: end.output,
    enqueuedAt: new Date(message.enqueuedAt).toISOString(),
    processedAt: new Date(end.endedAt).toISOString(),
  };
}

/**
 * Whether the message has to come again. A job whose last attempt another delivery has noted meanwhile is doomed, and
 * yet nobody has kept its dead letter.
 */
function isOpen({ message, record }: Entry, givenUp: Set<JobId> | undefined): boolean {
  return openJobs(message, record).some((jobId) => !givenUp?.has(jobId));
}

function tally(batch: Batch, entries: Entry[], tasks: Task[], outcomes: Outcome[]): void {
  const open = new Set(entries.flatMap(({ message, record }) => openJobs(message, record)));
  batch.processed = outcomes.filter(({ kind, jobId }) => kind === 'done' && !open.has(jobId)).length;
  batch.failedJobs = outcomes.filter(({ kind }) => kind === 'failed').length;
  batch.skipped = entries.reduce((sum, { message }) => sum + jobsOf(message).length, 0) - tasks.length;
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

/** Has deliveries come again: soon after an outage, and later and later when it is their jobs that fail. */
async function putBack(worker: Worker, batch: Batch, deliveries: Delivery[]): Promise<void> {
  const { backoff } = worker.settings;
  const used = batch.outage
    ? { ...backoff, capSeconds: Math.min(backoff.capSeconds, OUTAGE_CAP_SECONDS) }
    : backoff;
  const later = deliveries.map(
    ({ receiptHandle, receives }): Later => ({
      receiptHandle,
      delaySeconds: delaySeconds(used, receives, worker.chance()),
    }),
  );
  batch.failed = deliveries.map(({ id }) => id);
  await returnLater(worker.jobs, later);
}

function note(worker: Worker, batch: Batch, outage: Unavailable): void {
  batch.outage = outage;
  if (outage.service === 'results') worker.resultsGone = true;
}
