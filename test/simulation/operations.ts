import type { Totals } from '../../functions/core/ledger/totals.ts';
import type { JobId, RunId } from '../../functions/core/model/ids.ts';
import { type Message, parseMessage } from '../../functions/core/model/message.ts';
import type { PassName } from '../../functions/core/model/pass.ts';
import type { Pace, Period } from '../../functions/core/model/schedule.ts';
import type { Consumers } from './consumers.ts';
import { FORGERIES } from './forgeries.ts';
import { viewRuns } from './ledger-view.ts';
import type { Actor } from './network.ts';
import { readerOf } from './readers.ts';
import type { Operation } from './scenario.ts';
import { DEAD_LETTERS, JOBS, type World } from './world.ts';

/** The time limit of scheduler and control functions. Longer than a minute, so that two schedulers may overlap. */
const TIMEOUT_MS = 150_000;

/** Carries out the operations of scenarios. Each invocation is an actor, whose calls the schedule interleaves. */
export class Operations {
  readonly #running = new Set<Actor>();
  #created = 0;
  #runs = 0;
  #readers = 0;
  /** Called when a scheduler asks for a reader. */
  onInvite: (pass: PassName) => void = () => {};
  readonly #readTotals = new Map<RunId, Totals>();
  /** Whether a status read is in progress. */
  reading = false;
  /** Number of invocations of scheduler and control functions that failed because a service was unavailable. */
  unavailable = 0;

  constructor(
    readonly world: World,
    readonly consumers: Consumers,
  ) {}

  /** Whether a scheduler or control function is running. */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  perform(operation: Operation): void {
    const { world } = this;
    world.note(`· ${JSON.stringify(operation)}`);
    switch (operation.kind) {
      case 'fire':
        this.fire(operation.lateMs, operation.times, operation.sameName);
        break;
      case 'start':
        this.start(operation);
        this.fire();
        break;
      case 'update':
        this.#update(operation);
        break;
      case 'stop':
        this.stop();
        break;
      case 'scale':
        this.consumers.concurrency = operation.to;
        break;
      case 'retry':
        this.retry(operation.every, operation.stays);
        break;
      case 'forge':
        this.#forge(operation.what);
        break;
      case 'outage':
        world.network.down.add(operation.of);
        break;
      case 'restore':
        world.network.down.clear();
        break;
      case 'wait':
        world.time.moveTo(world.time.now + operation.ms);
    }
  }

  fire(lateMs = 0, times = 1, sameName = false): void {
    const { world } = this;
    const { time, scenario, system } = world;
    const name = `event-${++this.#created}`;
    for (let copy = 1; copy <= times; copy++) {
      const actor = world.actor(`scheduler ${this.#created}.${copy}`);
      const scheduler = {
        name: sameName ? name : `${name}.${copy}`,
        table: world.table(actor),
        jobs: world.queue(actor, JOBS),
        settings: { jobsPerMessage: scenario.jobsPerMessage, minMessages: 1 },
        clock: time.clock,
        sleep: time.sleep,
        startReader: (pass: PassName) => this.#inviteReader(actor, pass),
        startAutoscaler: async () => {},
      };
      const fired = system.fire(scheduler, time.now - lateMs, time.now + TIMEOUT_MS);
      this.#invocation(actor, TIMEOUT_MS, fired, 'Unavailable');
    }
  }

  start(run: { x: number | 'all'; y: Period; pace: Pace; backfillMinutes: number; replace: boolean }): void {
    const { world } = this;
    const { system, time } = world;
    const actor = world.actor(`start ${++this.#created}`);
    const started = async () => {
      const table = world.table(actor);
      const schedule = await system.readSchedule(table);
      if (schedule.activeRunId && !run.replace) return;
      const firstFreeJobId = ((await system.highestJobId(world.results(actor))) + 1) as JobId;
      const indexing = { index: 'results', monthly: true };
      const list = world.source !== undefined;
      const newRun = { ...run, list, indexing, runId: this.#newRunId(), startedAt: time.now, firstFreeJobId };
      await system.startRun(table, schedule, newRun, schedule.activeRunId);
    };
    this.#invocation(actor, TIMEOUT_MS, started(), 'Unavailable', 'ConditionFailed');
  }

  /** Has a reader invoked, once or twice with one name, now or later. */
  async #inviteReader(actor: Actor, pass: PassName): Promise<void> {
    const { world } = this;
    const name = `reader ${++this.#readers}`;
    this.onInvite(pass);
    await world.network
      .call(actor, 'functions', `invoke ${name}`, () => this.#readList(name, pass))
      .catch(() => world.note(`${name} may not start`));
  }

  /** The reader's function: reads a pass, and has the scheduler go on. */
  #readList(name: string, pass: PassName): void {
    const { world } = this;
    const actor = world.actor(name);
    const timeoutMs = world.scenario.list?.readerMs ?? TIMEOUT_MS;
    const read = async () => {
      const endsAt = world.time.now + timeoutMs;
      const { state } = await world.system.readPassOf(readerOf(world, actor, name), pass, endsAt);
      world.note(`${name} ends: ${state}`);
      if (state === 'elsewhere') return;
      await world.network
        .call(actor, 'functions', 'invoke a scheduler', () => this.fire())
        .catch(() => world.note('a scheduler may not start'));
    };
    this.#invocation(actor, timeoutMs, read(), 'Unavailable');
  }

  stop(): void {
    const { world } = this;
    const { system, time } = world;
    const actor = world.actor(`stop ${++this.#created}`);
    const stopped = async () => {
      const table = world.table(actor);
      await system.stopRun(table, (await system.readActiveRun(table)).runId, time.now);
    };
    this.#invocation(actor, TIMEOUT_MS, stopped(), 'Unavailable', 'ConditionFailed', 'ApiError');
  }

  /** Sends dead letters again, as `drumline dead-letters retry` does. */
  retry(every: number, stays: boolean): void {
    const { world } = this;
    const { sqs, system, time } = world;
    for (const deadLetter of sqs.visible(DEAD_LETTERS).filter((_, at) => at % every === 0)) {
      const body = system.retryMessageBody(deadLetter.body, time.now);
      if (world.invalidBodies.has(deadLetter.body)) world.invalidBodies.add(body);
      sqs.put(JOBS, body);
      if (stays) continue;
      sqs.remove(DEAD_LETTERS, deadLetter);
      if (body !== deadLetter.body) world.invalidBodies.delete(deadLetter.body);
    }
  }

  /** Reads the status of the newest run, or of an earlier one. */
  read(): void {
    const { world } = this;
    const runs = [...world.dynamo.peek('RUNS')].map(({ sk }) => (sk as string).slice('RUN#'.length) as RunId);
    const runId = runs[runs.length - 1 - world.choices.below(Math.max(1, runs.length))];
    if (!runId) return;
    const actor = world.actor('the reader');
    this.reading = true;
    world.system
      .readTotals(world.table(actor), runId)
      .then((totals) => this.#checkStatus(runId, totals), world.expecting('the reader', 'Unavailable'))
      .finally(() => {
        this.reading = false;
      });
  }

  /** Checks promise 1 in a status. */
  #checkStatus(runId: RunId, totals: Totals | undefined): void {
    const { world } = this;
    const before = this.#readTotals.get(runId);
    if (!totals) {
      // A run may be invisible while the transaction that starts it is in progress.
      world.check(!before, () => `the run ${runId} can’t be read`);
      return;
    }
    const { processed, failed, run } = totals;
    const read = `processed ${processed}, failed ${failed}, enqueued ${run.enqueued}`;
    world.note(`the reader reads ${read}`);
    world.check(processed + failed <= run.enqueued, () => `Promise 1: a status has ${read}`);
    world.check(processed >= 0 && failed >= 0, () => `a status has ${read}`);
    world.check(
      !before || (before.processed <= processed && before.run.enqueued <= run.enqueued),
      () => `a status went back to ${read} from processed ${before?.processed}`,
    );
    this.#readTotals.set(runId, totals);
  }

  #update(change: { x?: number | 'all'; y?: Period; pace?: Pace }): void {
    const { world } = this;
    const { system, time } = world;
    const actor = world.actor(`update ${++this.#created}`);
    const updated = async () => {
      const table = world.table(actor);
      const run = await system.readActiveRun(table);
      await system.updateRun(table, run, change, time.now);
      // Nothing else has happened since the update, and `world.runs` is still the state before it.
      const before = world.runs.find(({ runId }) => runId === run.runId)?.run;
      const after = viewRuns(world.dynamo).find(({ runId }) => runId === run.runId)?.run;
      for (const field of ['x', 'y', 'pace'] as const)
        world.check(
          after?.[field] === (change[field] ?? before?.[field]),
          () =>
            `an update ${JSON.stringify(change)} made ${field} ${after?.[field]}, which was ${before?.[field]}`,
        );
    };
    this.#invocation(actor, TIMEOUT_MS, updated(), 'Unavailable', 'ConditionFailed', 'ApiError');
  }

  #forge(what: number): void {
    const { world } = this;
    const { invalid, from } = FORGERIES[what] ?? (FORGERIES[0] as (typeof FORGERIES)[number]);
    const message = this.#anyMessage();
    const forgery = from(message);
    const body = typeof forgery === 'string' ? forgery : JSON.stringify(forgery);
    if (invalid) world.invalidBodies.add(body);
    const enqueuedAt = (forgery as Partial<Message> | null)?.enqueuedAt;
    if (enqueuedAt !== undefined && enqueuedAt !== message.enqueuedAt) world.forgedTimes.add(enqueuedAt);
    world.sqs.put(JOBS, body);
  }

  /** A message of the queue, or a made-up one if the queue is empty. */
  #anyMessage(): Message {
    for (const { body } of this.world.sqs.copies(JOBS)) {
      const parsed = parseMessage(body);
      if (!('message' in parsed) || parsed.message.retry) continue;
      const { returned: _, ...message } = parsed.message;
      return message;
    }
    const runId = '20260101-000000-none' as RunId;
    return { v: 1, runId, tick: 1, first: 1 as JobId, last: 1 as JobId, enqueuedAt: 0 };
  }

  #invocation(actor: Actor, timeoutMs: number, done: Promise<unknown>, ...expected: string[]): void {
    const { world } = this;
    this.#running.add(actor);
    const deadline = world.time.at(world.time.now + timeoutMs, () => world.network.kill(actor), true);
    const over = () => {
      this.#running.delete(actor);
      world.time.cancel(deadline);
    };
    world.deathHandlers.set(actor, over);
    done
      .catch((error) => {
        if ((error as Error).name === 'Unavailable') this.unavailable++;
        world.expecting(actor.name, ...expected)(error);
      })
      .finally(over);
  }

  #newRunId(): RunId {
    const second = new Date(this.world.time.now)
      .toISOString()
      .slice(0, 19)
      .replaceAll(/[-:]/g, '')
      .replace('T', '-');
    const letters = String.fromCharCode(97 + (this.#runs % 26), 97 + Math.floor(this.#runs++ / 26));
    return `${second}-aa${letters}` as RunId;
  }
}
