import type { Totals } from '../../functions/core/ledger/totals.ts';
import type { JobId, RunId } from '../../functions/core/model/ids.ts';
import { type Message, parseMessage } from '../../functions/core/model/message.ts';
import type { Pace } from '../../functions/core/model/schedule.ts';
import type { Consumers } from './consumers.ts';
import { FORGERIES } from './forgeries.ts';
import { viewRuns } from './ledger-view.ts';
import type { Operation } from './scenario.ts';
import type { Actor } from './wire.ts';
import { DEAD_LETTERS, JOBS, type World } from './world.ts';

/** The time limit of schedulers and controls is longer than a minute: they may meet the next event's. */
const TIMEOUT_MS = 150_000;

/** Carries out what scenarios ask for. Whoever does it becomes an actor, whose calls the schedule interleaves. */
export class Operations {
  readonly #under = new Set<Actor>();
  #made = 0;
  #runs = 0;
  readonly #readTotals = new Map<RunId, Totals>();
  /** Whether somebody is reading the status. */
  reading = false;
  /** How many invocations of schedulers and controls have failed for want of a service. */
  unavailable = 0;

  constructor(
    readonly world: World,
    readonly consumers: Consumers,
  ) {}

  /** Whether a scheduler or a control is still at work. */
  get busy(): boolean {
    return this.#under.size > 0;
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
        world.wire.down.add(operation.of);
        break;
      case 'restore':
        world.wire.down.clear();
        break;
      case 'wait':
        world.time.moveTo(world.time.now + operation.ms);
    }
  }

  fire(lateMs = 0, times = 1, sameName = false): void {
    const { world } = this;
    const { time, scenario, system } = world;
    const name = `event-${++this.#made}`;
    for (let copy = 1; copy <= times; copy++) {
      const actor = world.actor(`scheduler ${this.#made}.${copy}`);
      const scheduler = {
        name: sameName ? name : `${name}.${copy}`,
        table: world.table(actor),
        jobs: world.queue(actor, JOBS),
        settings: { jobsPerMessage: scenario.jobsPerMessage, minMessages: 1 },
        clock: time.clock,
        sleep: time.sleep,
      };
      const fired = system.fire(scheduler, time.now - lateMs, time.now + TIMEOUT_MS);
      this.#invocation(actor, fired, 'Unavailable');
    }
  }

  start(run: { x: number; y: number; pace: Pace; backfillMinutes: number; replace: boolean }): void {
    const { world } = this;
    const { system, time } = world;
    const actor = world.actor(`start ${++this.#made}`);
    const started = async () => {
      const table = world.table(actor);
      const schedule = await system.readSchedule(table);
      if (schedule.activeRunId && !run.replace) return;
      const firstFreeJobId = ((await system.highestJobId(world.results(actor))) + 1) as JobId;
      const indexing = { index: 'results', monthly: true };
      const made = { ...run, indexing, runId: this.#newRunId(), startedAt: time.now, firstFreeJobId };
      await system.startRun(table, schedule, made, schedule.activeRunId);
    };
    this.#invocation(actor, started(), 'Unavailable', 'ConditionFailed');
  }

  stop(): void {
    const { world } = this;
    const { system, time } = world;
    const actor = world.actor(`stop ${++this.#made}`);
    const stopped = async () => {
      const table = world.table(actor);
      await system.stopRun(table, (await system.readActiveRun(table)).runId, time.now);
    };
    this.#invocation(actor, stopped(), 'Unavailable', 'ConditionFailed', 'ApiError');
  }

  /** Sends dead letters again, as `drumline dead-letters retry` does. */
  retry(every: number, stays: boolean): void {
    const { world } = this;
    const { sqs, system, time } = world;
    for (const letter of sqs.visible(DEAD_LETTERS).filter((_, at) => at % every === 0)) {
      const body = system.retryMessageBody(letter.body, time.now);
      if (world.garbage.has(letter.body)) world.garbage.add(body);
      sqs.put(JOBS, body);
      if (stays) continue;
      sqs.remove(DEAD_LETTERS, letter);
      if (body !== letter.body) world.garbage.delete(letter.body);
    }
  }

  /** Has somebody read the status. */
  read(): void {
    const { world } = this;
    const runs = [...world.dynamo.peek('RUNS')].map(({ sk }) => (sk as string).slice('RUN#'.length) as RunId);
    const runId = runs[runs.length - 1 - world.choices.below(Math.max(1, runs.length))];
    if (!runId) return;
    const actor = world.actor('the reader');
    this.reading = true;
    world.system
      .readTotals(world.table(actor), runId)
      .then((totals) => this.#look(runId, totals), world.expecting('the reader', 'Unavailable'))
      .finally(() => {
        this.reading = false;
      });
  }

  /** Promise 1, in what a person reads. */
  #look(runId: RunId, totals: Totals | undefined): void {
    const { world } = this;
    const before = this.#readTotals.get(runId);
    if (!totals) {
      // A run may not show yet while the transaction that starts it is being carried out.
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

  #update(change: { x?: number; y?: number; pace?: Pace }): void {
    const { world } = this;
    const { system, time } = world;
    const actor = world.actor(`update ${++this.#made}`);
    const updated = async () => {
      const table = world.table(actor);
      const run = await system.readActiveRun(table);
      await system.updateRun(table, run, change, time.now);
      // Nothing else has happened since its effect, and the world has not been looked at since.
      const before = world.runs.find(({ runId }) => runId === run.runId)?.run;
      const after = viewRuns(world.dynamo).find(({ runId }) => runId === run.runId)?.run;
      for (const field of ['x', 'y', 'pace'] as const)
        world.check(
          after?.[field] === (change[field] ?? before?.[field]),
          () =>
            `an update ${JSON.stringify(change)} made ${field} ${after?.[field]}, which was ${before?.[field]}`,
        );
    };
    this.#invocation(actor, updated(), 'Unavailable', 'ConditionFailed', 'ApiError');
  }

  #forge(what: number): void {
    const { world } = this;
    const { garbage, from } = FORGERIES[what] ?? (FORGERIES[0] as (typeof FORGERIES)[number]);
    const message = this.#anyMessage();
    const made = from(message);
    const body = typeof made === 'string' ? made : JSON.stringify(made);
    if (garbage) world.garbage.add(body);
    const forged = (made as Partial<Message> | null)?.enqueuedAt;
    if (forged !== undefined && forged !== message.enqueuedAt) world.forgedTimes.add(forged);
    world.sqs.put(JOBS, body);
  }

  /** A message in the queue, or one that could be. */
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

  #invocation(actor: Actor, done: Promise<unknown>, ...expected: string[]): void {
    const { world } = this;
    this.#under.add(actor);
    const deadline = world.time.at(world.time.now + TIMEOUT_MS, () => world.wire.kill(actor), true);
    const over = () => {
      this.#under.delete(actor);
      world.time.cancel(deadline);
    };
    world.mourners.set(actor, over);
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
