import { type Backoff, delaySeconds, OUTAGE_CAP_SECONDS } from './backoff.ts';
import { deadLetterOf, malformedLetterOf } from './dead-letter.ts';
import { ConditionFailed, Unavailable } from './errors.ts';
import type { JobId, RunId, WorkerId } from './ids.ts';
import { type Counting, count, type Entry, readRecord } from './ledger/message.ts';
import type { Table } from './ledger/table.ts';
import { readTick } from './ledger/tick.ts';
import { jobsOf, type Message, messageKey, parseMessage } from './message.ts';
import { type Later, type Queue, returnLater, send } from './queue.ts';
import { present, type ResultDocument, type Results, reach, write } from './results.ts';
import {
  doomedJobs,
  FAILED_AT_ONCE,
  giveUp,
  type Outcome,
  openJobs,
  recoverable,
  settle,
  untouched,
} from './settlement.ts';
import type { TickCache } from './tick-cache.ts';
import { type Ended, type Job, type Task, workOn } from './work.ts';

/** One delivery of a message, as the queue hands it over. */
export interface Delivery {
  /** SQS's name for the message, and what the queue is answered with. */
  id: string;
  receiptHandle: string;
  body: string;
  /** How often it has been delivered, from 1. */
  receives: number;
}

/** What a worker works with; made once in its life. */
export interface Worker {
  id: WorkerId;
  job: Job;
  table: Table;
  results: Results;
  jobs: Queue;
  deadLetters: Queue;
  ticks: TickCache;
  settings: {
    jobConcurrency: number;
    maxAttempts: number;
    backoff: Backoff;
    /** How long the ledger remembers a message, in seconds. */
    remember: number;
  };
  clock: () => number;
  /** Hears how each job ended, for the log's finest level. */
  onJob?: (end: Ended) => void;
  /** From 0 to below 1, like Math.random. */
  chance: () => number;
  /** Whether Elasticsearch was gone at the last try: then it is asked first, and no work is done in vain. */
  resultsGone: boolean;
}

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

interface Identified {
  identified: { entry: Entry; delivery: Delivery }[];
  malformed: { delivery: Delivery; reason: string }[];
}

/** Reads the messages, and what the ledger says of those that may have been here before. */
async function identify(worker: Worker, deliveries: Delivery[]): Promise<Identified> {
  const all: Identified = { identified: [], malformed: [] };
  const seen = new Map<string, Promise<Entry | string>>();
  await Promise.all(
    deliveries.map(async (delivery) => {
      const parsed = parseMessage(delivery.body);
      if ('malformed' in parsed) {
        all.malformed.push({ delivery, reason: parsed.malformed });
        return;
      }
      const name = nameOf(parsed.message);
      const lookup = seen.get(name) ?? lookUp(worker, parsed.message, delivery.receives);
      seen.set(name, lookup);
      const found = await lookup;
      if (typeof found === 'string') all.malformed.push({ delivery, reason: found });
      else all.identified.push({ entry: found, delivery });
    }),
  );
  return all;
}

async function lookUp(worker: Worker, message: Message, receives: number): Promise<Entry | string> {
  const owned = await worker.ticks.owns(message, (runId, tick) => readTick(worker.table, runId, tick));
  if (!owned) return `no tick of the ledger has jobs ${message.first}–${message.last} in one message`;
  // Its item may have expired, and then its jobs would be counted anew. (Retries are known by their items, below.)
  const age = worker.clock() - message.enqueuedAt;
  if (!message.retry && age > worker.settings.remember * 1000) return 'it is older than the ledger remembers';
  // A first delivery is nearly always the only one; should it not be, counting finds out by its condition.
  if (receives === 1 && !message.retry) return { message, record: untouched(message) };
  const record = await readRecord(worker.table, message);
  if (!record && message.retry)
    return 'the ledger has forgotten this job: it can’t be told whether it was counted';
  return { message, record: record ?? untouched(message) };
}

/** Of messages that were delivered before: the jobs that have their document already, and only want counting. */
async function findDone(worker: Worker, identified: Identified['identified']): Promise<Set<JobId>> {
  const jobs = identified.flatMap(({ entry: { message, record }, delivery }) =>
    delivery.receives > 1 || message.retry ? [...record.pending, ...record.failed] : [],
  );
  return present(worker.results, [...new Set(jobs)]);
}

function doneJobs(jobs: Iterable<JobId>): Outcome[] {
  return Array.from(jobs, (jobId) => ({ kind: 'done', jobId }));
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
 * Counts what is done, and gives up on what is not to be tried again; leaves the entries as the ledger has them.
 * @returns the jobs given up on
 */
async function finish(
  worker: Worker,
  entries: Entry[],
  outcomes: Outcome[],
): Promise<Map<Entry, Set<JobId>>> {
  const now = worker.clock();
  const counting: Counting = {
    table: worker.table,
    worker: worker.id,
    now,
    expiresAt: Math.ceil(now / 1000) + worker.settings.remember,
  };
  for (const layer of layersOf(entries)) {
    await count(counting, layer, ({ message, record }) => settle(message, record, outcomes, now));
  }
  const givenUp = new Map<Entry, Set<JobId>>();
  for (const entry of entries) {
    await recover(counting, entry, outcomes);
    givenUp.set(entry, await giveUpOn(worker, counting, entry));
  }
  return givenUp;
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

async function giveUpOn(worker: Worker, counting: Counting, entry: Entry): Promise<Set<JobId>> {
  const { message } = entry;
  const doomed = doomedJobs(message, entry.record, worker.settings.maxAttempts);
  // Another delivery may have done meanwhile what failed here.
  const done = await present(
    worker.results,
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

/** Names what a message asks for: a retry of one of its jobs is another thing than the message. */
function nameOf(message: Message): string {
  return message.retry
    ? `${messageKey(message)}#${message.retry.id}#${message.retry.jobs.join(',')}`
    : messageKey(message);
}
