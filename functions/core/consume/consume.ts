import { groupBy } from '../group-by.ts';
import { Unavailable } from '../model/errors.ts';
import type { JobId, RunId } from '../model/ids.ts';
import { jobsToRun } from '../model/message.ts';
import { applyOutcomes, openJobs, recordDeath } from '../model/message-record.ts';
import { malformedDeadLetter } from '../queue/dead-letter.ts';
import { send } from '../queue/queue.ts';
import { findStoredJobs } from './documents.ts';
import { giveUp } from './give-up.ts';
import { type MessageState, type ReadBatch, readBatch } from './read-batch.ts';
import { returnToQueue } from './return-to-queue.ts';
import { runGroup } from './run-group.ts';
import { TimeBudget } from './time-budget.ts';
import { workGroups } from './work-groups.ts';
import type { Delivery, Worker } from './worker.ts';

/** What became of a batch. */
export interface BatchResult {
  /** The jobs that its messages ask for. */
  jobs: JobRange[];
  /** By how much the worker's counters grew. */
  processed: number;
  failed: number;
  failedAttempts: number;
  /** Jobs that were counted already when their message came. */
  skipped: number;
  malformed: number;
  /** Messages that were sent back to the queue. */
  returned: number;
  /** Deliveries that SQS has to bring again: they could not even be sent back. */
  undelivered: string[];
  /** The service whose trouble kept messages from being done, through no fault of a job's. */
  outage?: Unavailable;
  /** What nobody has thought of; each has cost its own message a delivery. */
  errors: Error[];
}

/** Jobs of one tick, from the lowest to the highest. */
export interface JobRange {
  runId: RunId;
  tick: number;
  firstJob: JobId;
  lastJob: JobId;
}

/**
 * Does one batch of messages, in an order in which a worker may die after any step:
 *
 *     read ─► skip what is leased ─► count what has its document ─► run ─► write documents ─► count
 *          ─► keep dead letters ─► count as failed ─► send the rest back ─► (queue deletes)
 *
 * A document is written before its job is counted, a dead letter kept before its job is counted as failed, and a
 * message is deleted only when all its jobs are counted, or another one that asks for them is in the queue. Dying in
 * between means that it is delivered again; then the ledger says which jobs are counted, and the rest is done once more.
 *
 * Never throws: one message's trouble is none of the others'.
 *
 * @param endsAt when the invocation is over, by the worker's clock
 */
export async function consume(
  worker: Worker,
  deliveries: readonly Delivery[],
  endsAt: number,
): Promise<BatchResult> {
  const { ledger, clock } = worker;
  const now = clock();
  const before = { ...ledger.counted };
  const budget = new TimeBudget(now, endsAt);
  const read = await readBatch(worker, deliveries);
  const unkept = await keepMalformed(worker, read.malformed);
  const due = read.states.filter(({ notBefore }) => notBefore <= clock());
  const settled = await giveUp(worker, budget, await countDocumented(worker, budget, due));

  const latest = new Map([...read.states, ...settled].map((state) => [state.message, state]));
  let failedAttempts = 0;
  for (const group of workGroups(settled, budget)) {
    if (!budget.hasRoom(clock())) break;
    const states = group.messages.flatMap((message) => latest.get(message) ?? []);
    const ran = await runGroup(
      worker,
      budget,
      group,
      states.map((state) => withTrouble(state, latest.values())),
    );
    for (const state of ran.states) latest.set(state.message, state);
    failedAttempts += ran.failedAttempts;
  }

  const states = [...latest.values()];
  const { returned, undelivered } = await returnToQueue(worker, states);
  const troubles = [...states, unkept].flatMap(({ trouble }) => trouble ?? []);
  const outage = troubles.find((one) => one instanceof Unavailable);
  return {
    jobs: rangesOf(read.states),
    processed: ledger.counted.processed - before.processed,
    failed: ledger.counted.failed - before.failed,
    failedAttempts,
    skipped: read.states.reduce((sum, state) => sum + countedAlready(state), 0),
    malformed: read.malformed.length - unkept.ids.length,
    returned,
    undelivered: [...unkept.ids, ...undelivered],
    ...(outage && { outage }),
    errors: troubles.filter((one) => !(one instanceof Unavailable)),
  };
}

/** Where an index is in trouble, what belongs there is not run in vain; what belongs elsewhere is. */
function withTrouble(state: MessageState, others: Iterable<MessageState>): MessageState {
  if (state.trouble) return state;
  for (const { index, trouble } of others)
    if (index.name === state.index.name && trouble instanceof Unavailable && trouble.service === 'results')
      return { ...state, trouble };
  return state;
}

/** Keeps what nobody can make sense of as dead letters. @returns the deliveries that could not be kept, and why */
async function keepMalformed(
  { deadLetters, clock }: Worker,
  malformed: ReadBatch['malformed'],
): Promise<{ ids: string[]; trouble?: Error }> {
  try {
    await send(
      deadLetters,
      malformed.map(({ delivery, reason }) => malformedDeadLetter(delivery.body, reason, clock())),
    );
    return { ids: [] };
  } catch (error) {
    return { ids: malformed.map(({ delivery }) => delivery.id), trouble: error as Error };
  }
}

/** Records the deaths of workers that had the messages before; and counts jobs that have their document, and only want counting. */
async function countDocumented(
  worker: Worker,
  budget: TimeBudget,
  states: readonly MessageState[],
): Promise<MessageState[]> {
  const { states: looked, done } = await findStoredJobs(
    worker,
    budget,
    states,
    ({ redelivered, record, asked }) => (redelivered ? openJobs(record, asked) : []),
  );
  const now = worker.clock();
  return worker.ledger.commit(looked, ({ record, asked, survived, message }) => {
    const outcomes = done.get(message) ?? [];
    const mourned = recordDeath(record, survived, now);
    return outcomes.length > 0 ? applyOutcomes(mourned, asked, outcomes, now) : mourned;
  });
}

/** How many of the jobs that a message asks for were counted when it came. */
function countedAlready({ requests, record, asked }: MessageState): number {
  const wanted = new Set(requests.flatMap((request) => jobsToRun(request.message)));
  return wanted.size - openJobs(record, asked).length;
}

function rangesOf(states: readonly MessageState[]): JobRange[] {
  const ticks = groupBy(states, ({ message: { runId, tick } }) => `${runId}#${tick}`);
  return [...ticks.values()].map((here) => {
    const { runId, tick } = (here[0] as MessageState).message;
    return {
      runId,
      tick,
      firstJob: Math.min(...here.map(({ message }) => message.first)) as JobId,
      lastJob: Math.max(...here.map(({ message }) => message.last)) as JobId,
    };
  });
}
