import { type Batch, note } from './batch.ts';
import { begin } from './caution.ts';
import type { Unavailable } from './errors.ts';
import { change, doneJobs, finish, type GivenUp } from './finish.ts';
import type { WorkerId } from './ids.ts';
import type { Entry } from './ledger/message.ts';
import { type Filed, write } from './results/document.ts';
import type { Round } from './rounds.ts';
import { type Outcome, openJobs } from './settlement.ts';
import { type Ended, type Limits, type Task, workOn } from './work.ts';
import type { Worker } from './worker.ts';

/** Kept at the very end for the ledger and the queue when Elasticsearch doesn't answer, at most, in milliseconds. */
const CLOSING_MS = 1_000;

/** Works on a round's jobs, and counts what came of them. @returns whether there is sense in going on */
export async function perform(
  worker: Worker,
  batch: Batch,
  { entries, tasks, found, noted, until }: Round,
  givenUp: GivenUp,
  limits: Limits,
): Promise<boolean> {
  const { endsAt } = limits;
  const only = tasks.length === 1 ? tasks[0]?.jobId : undefined;
  const begun = noted ? entries.filter(({ message }) => tasks.some((task) => task.message === message)) : [];
  await change(worker, begun, ({ message, record }) => begin(message, record, only, endsAt));
  const ended = await workOn(worker.job, tasks, {
    concurrency: worker.settings.jobConcurrency,
    clock: worker.clock,
    limits,
    until,
  });
  if (worker.onJob) ended.forEach(worker.onJob);
  const stored = await store(worker, ended, limits);
  const outcomes = [...doneJobs(found), ...stored.outcomes];
  await finish(worker, entries, outcomes, givenUp);
  tally(batch, entries, tasks, outcomes);
  if (stored.trouble) note(worker, batch, stored.trouble);
  return stored.trouble === undefined;
}

/** Writes what was worked; says what came of each job that was worked on to an end. */
async function store(
  worker: Worker,
  ended: Ended[],
  { until, endsAt }: Limits,
): Promise<{ outcomes: Outcome[]; trouble?: Unavailable }> {
  const failed = ended.flatMap((end): Outcome[] =>
    end.kind === 'failed'
      ? [{ kind: 'failed', jobId: end.task.jobId, reason: end.reason, permanent: end.permanent }]
      : [],
  );
  const documents = ended.flatMap((end) => (end.kind === 'worked' ? [filed(worker.id, end)] : []));
  const closing = Math.min(CLOSING_MS, (endsAt - until) / 2);
  const { written, trouble } = await write(worker.results, documents, endsAt - closing - worker.clock());
  const decided = written.map(
    (document): Outcome =>
      'refused' in document
        ? { kind: 'failed', jobId: document.jobId, reason: document.refused, permanent: false }
        : { kind: 'done', jobId: document.jobId },
  );
  return { outcomes: [...failed, ...decided], ...(trouble && { trouble }) };
}

function filed(workerId: WorkerId, end: Ended & { kind: 'worked' }): Filed {
  const { jobId, message, index } = end.task;
  const document = {
    jobId,
    runId: message.runId,
    tick: message.tick,
    workerId,
    input: end.input,
    output: end.output,
    enqueuedAt: new Date(message.enqueuedAt).toISOString(),
    processedAt: new Date(end.endedAt).toISOString(),
  };
  return { index, document };
}

function tally(batch: Batch, entries: Entry[], tasks: Task[], outcomes: Outcome[]): void {
  const open = new Set(entries.flatMap(({ message, record }) => openJobs(message, record)));
  batch.processed += outcomes.filter(({ kind, jobId }) => kind === 'done' && !open.has(jobId)).length;
  batch.failedAttempts += outcomes.filter(({ kind }) => kind === 'failed').length;
  batch.skipped -= tasks.length;
}
