import { ConditionFailed, Unavailable } from '../model/errors.ts';
import { applyOutcomes, openJobs, recordDeath } from '../model/message-record.ts';
import type { RanJobs } from '../model/timing.ts';
import { malformedDeadLetter } from '../queue/dead-letter.ts';
import { send } from '../queue/queue.ts';
import { findDocuments } from './batch-documents.ts';
import { type JobRange, jobRanges, skippedJobs } from './batch-log.ts';
import { commitOutcomes } from './commit-outcomes.ts';
import { giveUp } from './give-up.ts';
import { type MessageState, type ReadBatch, readBatch } from './read-batch.ts';
import { returnToQueue } from './return-to-queue.ts';
import { runGroup } from './run-group.ts';
import { TimeBudget } from './time-budget.ts';
import { workGroups } from './work-groups.ts';
import type { Delivery, Worker } from './worker.ts';

/** What happened to a batch. */
export interface BatchResult {
  /** The jobs that the messages ask for, by tick. For the log. */
  jobs: JobRange[];
  /** How many jobs this worker's counters gained. */
  processed: number;
  failed: number;
  /** Attempts that failed, whether or not the job will be retried. */
  failedAttempts: number;
  /** Jobs that were already counted when their message arrived. For the log. */
  skipped: number;
  /** The jobs that ran, and how long they ran and waited; absent if none ran. For the log. */
  ran?: RanJobs;
  /** Messages that were kept as dead letters because no job can be read from them. */
  malformed: number;
  /** Messages that were sent back to the queue, or should have been. */
  returned: number;
  /** Ids of deliveries that SQS must deliver again, because sending their messages back failed. */
  undelivered: string[];
  /** The service that could not be used, if one could not. No job is to blame. */
  outage?: Unavailable;
  /** Why Elasticsearch refused to change documents of dead letters, if it did. The dead letters are in the queue. */
  undocumented?: string;
  /** Unexpected errors. Each one affected one message only, and that message is delivered again. */
  errors: Error[];
}

/**
 * Processes one batch of messages. A worker may die after any of these steps:
 *
 *     read ─► set leased messages aside ─► count jobs that have a document ─► give up exhausted jobs
 *       ─► per group: run jobs ─► write documents ─► count ─► give up
 *                     (about every second: write documents ─► count, of the messages whose jobs are done)
 *       ─► send unfinished messages back ─► (SQS deletes the batch)
 *
 * Three orderings keep the promises. A document is written before its job is counted as processed. A dead letter is
 * documented and sent before its job is counted as failed. A message is deleted only when all its jobs are counted, or when a new
 * message that asks for the rest is in the queue. After a crash SQS delivers the messages again; the ledger then says
 * which jobs are counted, and only the others are run.
 *
 * Never throws. A problem with one message does not affect the others.
 *
 * @param endsAt when the invocation ends, by the worker's clock, in milliseconds since 1970
 */
export async function consume(
  worker: Worker,
  deliveries: readonly Delivery[],
  endsAt: number,
): Promise<BatchResult> {
  const { ledger, clock } = worker;
  const { meter } = ledger.counters;
  const budget = new TimeBudget(clock(), endsAt);
  meter.beginBatch(budget.startedAt, worker.settings.jobConcurrency);
  const countedBefore = { ...ledger.counted };

  const batch = await readBatch(worker, deliveries);
  const lost = await keepMalformed(worker, batch.malformed);
  const due = batch.states.filter(({ notBefore }) => notBefore <= clock());
  const counted = await countDocumented(worker, budget, due);
  const runnable = await giveUp(worker, budget, counted);

  const latest = new Map([...batch.states, ...runnable].map((state) => [state.message, state]));
  let failedAttempts = 0;
  for (const group of workGroups(runnable, budget)) {
    if (!budget.hasTimeForJob(clock())) break;
    const states = group.messages.flatMap((message) => latest.get(message) ?? []);
    const shared = states.map((state) => withIndexOutage(state, latest.values()));
    const ran = await runGroup(worker, budget, group, shared);
    for (const state of ran.states) latest.set(state.message, state);
    failedAttempts += ran.failedAttempts;
  }

  const states = [...latest.values()];
  const { returned, undelivered } = await returnToQueue(worker, states, batch.newer);
  const problems = [...states, lost].flatMap(({ problem }) => problem ?? []);
  const outage = problems.find((problem) => problem instanceof Unavailable);
  const undocumented = states.find((state) => state.undocumented !== undefined)?.undocumented;
  meter.endBatch(clock());
  const ran = meter.ranJobs();
  return {
    jobs: jobRanges(batch.states),
    processed: ledger.counted.processed - countedBefore.processed,
    failed: ledger.counted.failed - countedBefore.failed,
    failedAttempts,
    skipped: skippedJobs(batch.states),
    ...(ran && { ran }),
    malformed: batch.malformed.length - lost.ids.length,
    returned,
    undelivered: [...lost.ids, ...undelivered],
    ...(outage && { outage }),
    ...(undocumented !== undefined && { undocumented }),
    errors: problems.filter((problem) => !isExpected(problem)),
  };
}

/** A service that is down, or a record that other deliveries kept changing: the message comes again, and nothing is wrong. */
function isExpected(problem: Error): boolean {
  return problem instanceof Unavailable || problem instanceof ConditionFailed;
}

/** Sends malformed messages to the dead-letter queue. @returns the deliveries for which that failed, and why */
async function keepMalformed(
  { deadLetters, clock }: Worker,
  malformed: ReadBatch['malformed'],
): Promise<{ ids: string[]; problem?: Error }> {
  try {
    await send(
      deadLetters,
      malformed.map(({ delivery, reason }) => malformedDeadLetter(delivery.body, reason, clock())),
    );
    return { ids: [] };
  } catch (error) {
    return { ids: malformed.map(({ delivery }) => delivery.id), problem: error as Error };
  }
}

/**
 * Counts jobs of redelivered messages whose document is already stored: an earlier worker died before it counted them.
 * Also records the death of a worker whose lease on a message has expired.
 */
async function countDocumented(
  worker: Worker,
  budget: TimeBudget,
  states: readonly MessageState[],
): Promise<MessageState[]> {
  const found = await findDocuments(worker, budget, states, ({ redelivered, record, requested }) =>
    redelivered ? openJobs(record, requested) : [],
  );
  const now = worker.clock();
  return commitOutcomes(worker, found, budget.storeUntil, ({ record, requested, survived, outcomes }) =>
    applyOutcomes(recordDeath(record, survived, now), requested, outcomes, now),
  );
}

/** Marks a message whose index had an outage in an earlier group, so that its jobs do not run in vain. */
function withIndexOutage(state: MessageState, others: Iterable<MessageState>): MessageState {
  if (state.problem) return state;
  for (const { index, problem } of others)
    if (index.name === state.index.name && problem instanceof Unavailable && problem.service === 'results')
      return { ...state, problem };
  return state;
}
