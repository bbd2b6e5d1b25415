import { type Message, messageKey, parseMessage } from '../../functions/core/model/message.ts';
import { MAX_LATENESS_MS } from '../../functions/core/model/schedule.ts';
import { MAX_BYTES } from './forgeries.ts';
import { NEVER_FAILING, UNDOCUMENTED } from './jobs.ts';
import { openTicks, type RunView, viewRuns } from './ledger-view.ts';
import type { Operations } from './operations.ts';
import { cronTimes, notBefore, overdue, spreadOf } from './pacing.ts';
import { PassInvariants } from './pass-invariants.ts';
import type { ListItem } from './source.ts';
import { DEAD_LETTERS, JOBS, type World } from './world.ts';

/** Checks the promises, and what they depend on, against the state of all services. */
export class Invariants {
  /** Keys of the messages that the scheduler has sent. */
  readonly #sent = new Set<string>();
  /** The first `enqueuedAt` of each message, by key. */
  readonly #enqueuedAt = new Map<string, number>();
  /** The ids of all leases so far. */
  readonly leases = new Set<string>();
  #looked = '';
  #failed = new Set<number>();

  readonly passes: PassInvariants;

  constructor(
    readonly world: World,
    operations: Operations,
  ) {
    this.passes = new PassInvariants(world, operations);
  }

  /** Checks the invariants of every step, if something has changed. */
  always(): void {
    const { dynamo, sqs, elastic } = this.world;
    const state = `${dynamo.changes}/${sqs.changes}/${elastic.changes}`;
    if (state === this.#looked) return;
    this.#looked = state;
    const runs = viewRuns(dynamo);
    const queues = this.#queues();
    for (const run of runs) {
      this.#countsAgree(run);
      for (const { lease } of run.records.values()) if (lease) this.leases.add(lease);
      this.#ticksAgree(run);
      this.#nothingLost(run, queues);
      this.#nothingEarly(run, queues);
    }
    this.#nothingTwice(runs);
    this.passes.always(runs, this.world.runs);
    this.world.runs = runs;
    const failed = new Set(runs.flatMap(({ failedJobs }) => failedJobs));
    for (const job of failed) if (!this.#failed.has(job)) this.world.recordDeadLetter(job);
    this.#failed = failed;
    for (const body of this.world.invalidBodies)
      this.#check(
        [JOBS, DEAD_LETTERS].some((url) => sqs.copies(url).some((copy) => keeps(copy.body, body))),
        () => `Promise 3: a malformed message is gone: ${body.slice(0, 200)}`,
      );
  }

  /** Checks that each due tick has fired or is counted as missed, and that each due job of a fired tick is enqueued. */
  onTime(): void {
    const { now } = this.world.time;
    for (const { runId, run, ticks } of viewRuns(this.world.dynamo)) {
      if (!run.active) continue;
      this.#check(run.nextTickAt > now, () => `run ${runId}: tick ${run.nextTick} is due but did not fire`);
      for (const tick of ticks)
        this.#check(
          overdue(tick, now) === undefined,
          () => `run ${runId}: tick ${tick.tick}: job ${overdue(tick, now)} is due but was not enqueued`,
        );
      if (typeof run.y === 'number' || this.world.scenario.operations.some(({ kind }) => kind === 'update'))
        continue;
      const times = cronTimes(run.y, run.startedAt, run.nextTickAt);
      this.#check(
        run.nextTick === times.length &&
          run.nextTickAt === times.at(-1) &&
          ticks.every(({ tick, dueAt }) => times[tick - 1] === dueAt),
        () =>
          `run ${runId}: the next tick is ${run.nextTick}, due ${run.nextTickAt}; the times of ${run.y}: ${times}`,
      );
    }
  }

  /** Checks a drained system. Jobs of messages that the redrive policy moved are still pending. */
  drained(): void {
    const { world } = this;
    const queues = this.#queues();
    this.#check(world.sqs.copies(JOBS).length === 0, () => 'the queue is not drained');
    this.#check(openTicks(world.dynamo) === 0, () => 'a tick is open');
    for (const view of viewRuns(world.dynamo)) {
      const { runId, run, processed, failed, ticks } = view;
      const redriven = ticks
        .flatMap((tick) => messagesOf(view, tick))
        .filter(({ key }) => queues.redriven.has(key))
        .flatMap((message) => pendingOf(view, message));
      this.#check(
        processed + failed + redriven.length === run.enqueued,
        () =>
          `Promise 2: run ${runId}: enqueued ${run.enqueued}, processed ${processed}, failed ${failed}, redriven ${redriven}`,
      );
      for (const tick of ticks) {
        this.#check(
          tick.sent === tick.claimed,
          () => `tick ${tick.tick}: claimed ${tick.claimed}, sent ${tick.sent}`,
        );
        for (const { key } of messagesOf(view, tick))
          this.#check(this.#sent.has(key), () => `Promise 3: ${key} was claimed but never sent`);
      }
      const documents = this.#documents(runId).filter((job) => !redriven.includes(job));
      const orphans = this.orphans(view);
      this.#check(
        documents.length === processed + orphans.length,
        () =>
          `Promise 2: run ${runId}: ${documents.length} documents, processed ${processed}, orphans ${orphans}`,
      );
      this.#deadLettersAgree(view, new Set([...orphans, ...redriven]));
    }
  }

  /** The index of dead letters has exactly the failed jobs. @param unsettled jobs of which it need not be */
  #deadLettersAgree({ runId, failedJobs }: RunView, unsettled: ReadonlySet<number>): void {
    const { elastic, work } = this.world;
    const failed = new Set(failedJobs.filter((job) => !UNDOCUMENTED.has(work.kindOf(job))));
    const found = new Set(
      [...elastic.deadLetters.values()].flatMap((source) =>
        source.runId === runId ? [source.jobId as number] : [],
      ),
    );
    for (const job of failed)
      this.#check(
        found.has(job) || unsettled.has(job),
        () => `run ${runId}: job ${job} has failed, but no search finds its dead letter`,
      );
    for (const job of found)
      this.#check(
        failed.has(job) || unsettled.has(job) || this.#isOutrun(job),
        () => `run ${runId}: searches find a dead letter of job ${job}, which has not failed`,
      );
  }

  /**
   * Whether a job's document among the dead letters was written by a worker that had looked for its result before another
   * worker stored the result. This is a known limit: nobody knows of the document, and the ledger says that it is out of date.
   */
  #isOutrun(job: number): boolean {
    const { looked = 0, written = 0 } = this.world.documentedAt.get(job) ?? {};
    const created = this.world.createdAt.get(String(job)) ?? 0;
    return looked < created && created <= written;
  }

  /** Checks a drained system after all dead letters have succeeded: every job is processed. */
  recovered(): void {
    this.drained();
    for (const { runId, run, processed, failed } of viewRuns(this.world.dynamo)) {
      this.#check(
        processed === run.enqueued && failed === 0 && this.#documents(runId).length === processed,
        () =>
          `after all dead letters were retried: run ${runId}: enqueued ${run.enqueued}, processed ${processed}, failed ${failed}`,
      );
    }
  }

  /**
   * Failed jobs whose documents arrived later. This is a known limit: a worker looked for the document, did not find it
   * and gave up the job; then a request of a worker that was believed dead wrote it. A retry of the dead letter counts it.
   */
  orphans({ failedJobs, runId }: Pick<RunView, 'failedJobs' | 'runId'>): number[] {
    const { world } = this;
    const documents = new Set(this.#documents(runId));
    return failedJobs.filter((job) => {
      if (!documents.has(job)) return false;
      const looked = world.deadLetteredAt.get(job) ?? Number.POSITIVE_INFINITY;
      return looked < (world.createdAt.get(String(job)) ?? 0);
    });
  }

  #countsAgree(view: RunView): void {
    const { runId, run, ticks, processed, failed, records } = view;
    const { world } = this;
    const claimed = ticks.reduce((sum, tick) => sum + tick.claimed, 0);
    const all = [...records.values()];
    const counted = all.flatMap((record) => record.processed);
    const given = all.flatMap((record) => record.failed);
    const blamed = new Set(all.flatMap((record) => record.blamed));
    this.#check(
      run.enqueued === claimed,
      () => `run ${runId}: enqueued ${run.enqueued}, its ticks claimed ${claimed}`,
    );
    this.#check(
      processed + failed <= run.enqueued,
      () => `Promise 1: run ${runId}: processed ${processed}, failed ${failed}, enqueued ${run.enqueued}`,
    );
    this.#check(
      processed === counted.length && failed === given.length,
      () => `run ${runId}: processed ${processed} of jobs ${counted}, failed ${failed} of jobs ${given}`,
    );
    for (const job of counted)
      this.#check(
        world.elastic.has(String(job)),
        () => `Promise 2: job ${job} is processed but has no document`,
      );
    for (const job of given)
      this.#check(
        !NEVER_FAILING.has(world.work.kindOf(job)) ||
          (run.list && (this.passes.itemOf(view, job) as ListItem).misfit) ||
          (!blamed.has(job) && (world.incidents.get(job) ?? 0) >= MIN_INCIDENTS),
        () => `job ${job} never failed, but was given up`,
      );
  }

  #ticksAgree({ runId, run, ticks, passes, records }: RunView): void {
    this.#check(
      ticks.length + run.missedTicks === run.nextTick - 1,
      () => `run ${runId}: ${ticks.length} ticks, ${run.missedTicks} missed, next is ${run.nextTick}`,
    );
    const before = this.world.runs.find((run) => run.runId === runId);
    for (const tick of ticks) {
      this.#check(
        tick.sent <= tick.claimed && tick.claimed <= tick.count,
        () => `run ${runId}, tick ${tick.tick}: sent ${tick.sent}, claimed ${tick.claimed} of ${tick.count}`,
      );
      if (before?.ticks.some(({ tick: known }) => known === tick.tick)) continue;
      this.#check(
        passes.some((pass) => pass.tick === tick.tick) ||
          tick.claimedAt - tick.dueAt <= Math.max(MAX_LATENESS_MS, run.backfillMinutes * 60_000),
        () => `run ${runId}, tick ${tick.tick} was due ${tick.claimedAt - tick.dueAt} ms before it fired`,
      );
      this.#check(
        tick.count === sizeOf(run, tick, passes) &&
          tick.spreadMs === spreadOf(run, tick.dueAt) &&
          tick.dueAt <= this.world.time.now,
        () =>
          `run ${runId}, tick ${tick.tick}: ${tick.count} jobs over ${tick.spreadMs} ms for an X of ${run.x}, ${run.pace}, due ${tick.dueAt}`,
      );
    }
    for (const { key, tick: number, first, last } of records.values()) {
      const tick = ticks.find(({ tick }) => tick === number);
      this.#check(
        tick !== undefined && first >= tick.firstJob && last < tick.firstJob + tick.claimed,
        () => `${key} is counted, but its tick did not claim it`,
      );
    }
  }

  /** No job is in two ticks or in two message records: it would be counted twice. */
  #nothingTwice(runs: RunView[]): void {
    const owners = new Map<number, string>();
    const counted = new Map<number, string>();
    for (const { runId, ticks, records } of runs) {
      for (const { tick, firstJob, count } of ticks)
        for (let job = firstJob; job < firstJob + count; job++) {
          this.#check(!owners.has(job), () => `job ${job} is in ${owners.get(job)} and in ${runId}#${tick}`);
          owners.set(job, `${runId}#${tick}`);
        }
      for (const { key, first, last } of records.values())
        for (let job = first; job <= last; job++) {
          this.#check(!counted.has(job), () => `job ${job} is counted in ${counted.get(job)} and in ${key}`);
          counted.set(job, key);
        }
    }
  }

  /** Promise 3: a job whose message is not in the queue is counted or has a dead letter. */
  #nothingLost(view: RunView, queues: Queues): void {
    for (const message of view.ticks.flatMap((tick) => messagesOf(view, tick))) {
      const { key } = message;
      if (!this.#sent.has(key)) continue;
      const kept = (job: number) =>
        queues.queued.has(key) ||
        queues.redriven.has(key) ||
        queues.deadLetters.has(job) ||
        queues.retried.has(job);
      for (const job of pendingOf(view, message))
        this.#check(
          kept(job),
          () => `Promise 3: job ${job} of ${key} is not counted, but its message is gone`,
        );
      for (const job of view.records.get(key)?.failed ?? [])
        this.#check(kept(job), () => `Promise 3: job ${job} is counted as failed, but has no dead letter`);
    }
  }

  /** A new message cannot be received before its first job is due. */
  #nothingEarly(view: RunView, { fresh }: Queues): void {
    if (fresh.size === 0) return;
    for (const tick of view.ticks)
      for (const { key, first } of messagesOf(view, tick)) {
        const due = notBefore(tick, first - tick.firstJob);
        this.#check(
          (fresh.get(key) ?? due) >= due,
          () => `${key} can be received at ${fresh.get(key)}, but is due at ${due}`,
        );
      }
  }

  #documents(runId: string): number[] {
    return [...this.world.elastic.documents.values()].flatMap(({ source }) =>
      source.runId === runId ? [source.jobId as number] : [],
    );
  }

  #queues(): Queues {
    const queues: Queues = {
      queued: new Set(),
      redriven: new Set(),
      deadLetters: new Set(),
      retried: new Set(),
      fresh: new Map(),
    };
    for (const [url, whole, single] of [
      [JOBS, queues.queued, queues.retried],
      [DEAD_LETTERS, queues.redriven, queues.deadLetters],
    ] as const) {
      for (const { body, visibleAt } of this.world.sqs.copies(url)) {
        const message = read(body);
        if (!message || this.world.invalidBodies.has(unreturned(body))) continue;
        if (message.retry) for (const job of message.retry.jobs) single.add(job);
        else whole.add(messageKey(message));
        this.#sameMessage(message);
        if (url === JOBS && !message.retry && !this.#sent.has(messageKey(message)))
          queues.fresh.set(messageKey(message), visibleAt);
      }
    }
    for (const key of queues.queued) this.#sent.add(key);
    return queues;
  }

  /** A message that is sent again keeps its `enqueuedAt`, because its record may have expired. */
  #sameMessage(message: Message): void {
    if (this.world.forgedTimes.has(message.enqueuedAt)) return;
    const key = messageKey(message);
    const before = this.#enqueuedAt.get(key) ?? message.enqueuedAt;
    this.#enqueuedAt.set(key, before);
    this.#check(message.enqueuedAt === before, () => `${key} has another enqueuedAt than before`);
  }

  #check(holds: boolean, what: () => string): void {
    if (!holds) this.world.check(holds, what);
  }
}

/** The number of jobs that a new tick of the run must have. */
function sizeOf({ x }: RunView['run'], { items }: RunView['ticks'][number], passes: RunView['passes']) {
  const pass = items && passes[items.pass - 1];
  if (!pass) return x;
  const left = pass.count - items.first;
  return x === 'all' || !pass.shared ? left : Math.min(x, left);
}

/** The deaths after which a job is given up: MAX_DEATHS as in build.ts. Each may be an accident of its worker. */
const MIN_INCIDENTS = 1;

/** A message of SQS's maximum size may be truncated, to make room for the reason. */
function keeps(kept: string, body: string): boolean {
  return kept === body || unreturned(kept) === body || (kept.length > MAX_BYTES / 2 && body.startsWith(kept));
}

/** A message's body before a worker returned it to the queue. */
function unreturned(body: string): string {
  return body.replace(/,"returned":\{[^{}]*\}/, '');
}

/** What the two queues hold: whole messages by their keys, and dead letters of single jobs. */
interface Queues {
  queued: Set<string>;
  redriven: Set<string>;
  deadLetters: Set<number>;
  retried: Set<number>;
  /** New messages, and when they can be received. */
  fresh: Map<string, number>;
}

const parsed = new Map<string, Message | undefined>();

function read(body: string): Message | undefined {
  if (!parsed.has(body)) {
    const outcome = parseMessage(body);
    if (parsed.size > 10_000) parsed.clear();
    parsed.set(body, 'message' in outcome ? outcome.message : undefined);
  }
  return parsed.get(body);
}

interface MessageView {
  key: string;
  first: number;
  size: number;
}

/** The jobs of a message that are not counted. */
function pendingOf({ records }: RunView, { key, first, size }: MessageView): number[] {
  return records.get(key)?.pending ?? Array.from({ length: size }, (_, at) => first + at);
}

/** The messages of a tick's claimed jobs. */
function messagesOf({ runId }: RunView, tick: RunView['ticks'][number]): MessageView[] {
  const messages = [];
  for (let from = 0; from < tick.claimed; from += tick.jobsPerMessage) {
    const size = Math.min(tick.jobsPerMessage, tick.claimed - from);
    const first = tick.firstJob + from;
    messages.push({ key: `${runId}#${tick.tick}#${first}-${first + size - 1}`, first, size });
  }
  return messages;
}
