import fc from 'fast-check';
import { Choices } from './choices.ts';
import { Consumers, summarize } from './consumers.ts';
import { Invariants } from './invariants.ts';
import { openTicks, viewRuns } from './ledger-view.ts';
import { Operations } from './operations.ts';
import type { Scenario } from './scenario.ts';
import type { System } from './system.ts';
import { idle } from './virtual-time.ts';
import { JOBS, World } from './world.ts';

/** Statistics of a simulation, which show that it did something. */
export interface Statistics {
  schedules: number;
  steps: number;
  enqueued: number;
  failed: number;
  orphans: number;
  redriven: number;
  /** Batches that were received and throttled. */
  throttled: number;
  /** Batches that returned messages because a service was unavailable. */
  outages: number;
  /** Invocations of schedulers and control functions that failed because a service was unavailable. */
  unavailable: number;
  /** Maximum messages in flight. */
  inFlight: number;
  /** Leases of isolated messages. */
  leases: number;
  /** Transactions that DynamoDB cancelled because of conflicts or throttling. */
  cancelled: number;
  /** Transactions of workers while jobs of their batch ran. */
  progress: number;
  /** Passes that were opened, and those that failed. */
  passes: number;
  failedPasses: number;
  /** Requests to the source that did not succeed at once. */
  troubles: number;
}

/** Steps within which a schedule must drain after its last choice. In 2,500 schedules the longest took 672. */
const DRAINING_STEPS = 5_000;

/** Time in which a list without trouble is read, whatever happened before: a hanging page ends after two minutes. */
const MINUTES_TO_READ = 8;

/** How far the clock advances beyond the next timer, in milliseconds, by weight. */
const JUMPS = [
  [14, 0],
  [3, 1_000],
  [2, 11_000],
  [1, 61_000],
] as const;

/**
 * Runs a scenario: first by its choices, then without failures until the queue is drained, and at last with all jobs
 * fixed and all dead letters sent again.
 * @throws Violation when a promise does not hold
 */
export function simulate(system: System, scenario: Scenario): Promise<Statistics> {
  const simulation = new Simulation(new World(system, scenario, new Choices(scenario.choices)));
  return simulation.world.time.install(() => simulation.run());
}

/** Simulates random scenarios. @returns the sums of their statistics */
export async function simulateAll(
  system: System,
  scenarios: fc.Arbitrary<Scenario>,
  parameters: fc.Parameters<[Scenario]>,
): Promise<Statistics> {
  const all: Statistics[] = [];
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    all.push(await simulate(system, scenario));
  });
  await fc.assert(property, parameters);
  const sum = (name: keyof Statistics) => all.reduce((total, one) => total + one[name], 0);
  const names = Object.keys(all[0] ?? {}) as (keyof Statistics)[];
  return Object.fromEntries(names.map((name) => [name, sum(name)])) as unknown as Statistics;
}

class Simulation {
  readonly consumers: Consumers;
  readonly operations: Operations;
  readonly invariants: Invariants;

  constructor(readonly world: World) {
    this.consumers = new Consumers(world);
    this.operations = new Operations(world, this.consumers);
    this.invariants = new Invariants(world, this.operations);
  }

  async run(): Promise<Statistics> {
    const { world, operations, invariants } = this;
    const { scenario, network } = world;
    const waiting = [...scenario.operations];
    const { x, y, runPace: pace } = scenario;
    operations.start({ x, y, pace, backfillMinutes: 0, replace: false });
    await this.#settle();
    network.failurePercent = scenario.failurePercent;
    operations.fire();
    while (world.choices.left) {
      await idle();
      this.#checkInvariants();
      this.#step(waiting);
    }
    network.failurePercent = 0;
    network.down.clear();
    await this.#outage(scenario.outageMs ?? 0);
    world.note('— from here on, no call fails');
    for (const operation of waiting.filter(({ kind }) => kind !== 'outage')) {
      await this.#settle();
      operations.perform(operation);
    }
    await this.#fireTwice();
    await this.#drain();
    invariants.drained();
    world.throwViolation();
    const seen = this.#statistics();
    await this.#verify(seen.orphans + seen.redriven === 0);
    world.note('— all jobs are fixed, and all dead letters are sent again');
    world.work.fixed = true;
    for (let round = 0; round < 3; round++) {
      operations.retry(1, false);
      await this.#drain();
    }
    invariants.recovered();
    world.throwViolation();
    await this.#verify(true);
    this.#checkNoFalseAlarms(seen);
    return seen;
  }

  /** Takes a step that the schedule chooses. The first option is the default. */
  #step(waiting: Scenario['operations']): void {
    const { world, consumers, operations } = this;
    const { network, choices, sqs, scenario } = world;
    const copies = sqs.copies(JOBS);
    const options: [number, () => void][] = network.calls.map((call) => [
      call.actor.speed,
      () => network.proceed(call, choices),
    ]);
    for (const change of world.dynamo.unfinished.values()) options.push([4, change]);
    if (consumers.canDeliver) options.push([6, () => consumers.deliver()]);
    if (waiting.length > 0)
      options.push([2, () => operations.perform(waiting.shift() as Scenario['operations'][number])]);
    if (!operations.reading) options.push([2, () => operations.read()]);
    options.push([
      network.calls.length > 0 ? scenario.timePasses : 6,
      () => this.#advance(choices.weighted(JUMPS)),
    ]);
    const copy = copies.length > 0 && copies.length < 40 ? copies[0] : undefined;
    if (copy)
      options.push([
        1,
        () => {
          const which = copies[choices.below(copies.length)] ?? copy;
          world.note(`duplicated: ${summarize(which.body)}`);
          sqs.duplicate(JOBS, which);
        },
      ]);
    choices.weighted(options)();
  }

  /** An outage of Elasticsearch. */
  async #outage(ms: number): Promise<void> {
    const { network, time } = this.world;
    const end = time.now + ms;
    if (ms > 0) network.down.add('results');
    while (time.now < end) {
      await this.#settle();
      this.#advance(0);
    }
    network.down.clear();
  }

  /** Completes all calls until everything waits for the clock. */
  async #settle(): Promise<void> {
    const { world, consumers } = this;
    for (;;) {
      await idle();
      this.#checkInvariants();
      const call = world.network.calls[0];
      world.dynamo.finish();
      if (call) world.network.proceed(call, world.choices);
      else if (consumers.canDeliver) consumers.deliver();
      else return;
    }
  }

  /**
   * The rule fires for two more minutes, and then all due ticks must have fired. Twice, because an earlier scheduler may
   * still hold a tick's lease during the first firing. A list, which is no longer in trouble, may still have to be read.
   */
  async #fireTwice(): Promise<void> {
    const { world, operations, invariants } = this;
    await this.#settle();
    const { source } = world;
    if (source) source.fixed = true;
    for (let minute = 0; minute < (source ? MINUTES_TO_READ : 2); minute++) {
      world.time.moveTo(world.time.now + 60_000);
      operations.fire();
      for (;;) {
        await this.#settle();
        if (!operations.busy) break;
        this.#advance(0);
      }
    }
    invariants.onTime();
    world.throwViolation();
  }

  /** Stops the run, and then fires and delivers until the queue is empty and no tick is open. */
  async #drain(): Promise<void> {
    const { world, consumers, operations } = this;
    const last = world.step + DRAINING_STEPS;
    await this.#settle();
    if (viewRuns(world.dynamo).some(({ run }) => run.active)) operations.stop();
    for (;;) {
      await this.#settle();
      const left = world.sqs.copies(JOBS).length + openTicks(world.dynamo);
      if (left === 0 && !consumers.busy && !operations.busy) return;
      if (openTicks(world.dynamo) > 0 && !operations.busy) operations.fire();
      else this.#advance(0);
      if (world.step > last) {
        world.recordViolation('the queue does not drain');
        world.throwViolation();
      }
    }
  }

  #advance(extraMs: number): void {
    const { time, sqs, dynamo } = this.world;
    // A transaction takes only milliseconds.
    dynamo.finish();
    const hidden = sqs.copies(JOBS).flatMap(({ visibleAt }) => (visibleAt > time.now ? [visibleAt] : []));
    const due = Math.min(...hidden, time.nextTimerAt ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(due)) time.moveTo(due + extraMs);
    else time.moveTo(time.now + 1_000 + extraMs);
  }

  async #verify(ok: boolean): Promise<void> {
    const { world } = this;
    const actor = world.actor('the verifier');
    for (const { runId } of viewRuns(world.dynamo)) {
      const verified = world.system.verify(world.table(actor), world.results(actor), runId as never);
      await this.#settle();
      const found = await verified;
      if (ok) world.check(found?.ok === true, () => `verify says ${JSON.stringify(found)}`);
    }
    world.throwViolation();
  }

  /** Redelivery hides faults that cost only a batch or a firing, so these are checked here. */
  #checkNoFalseAlarms({ outages, unavailable, redriven, leases }: Statistics): void {
    const { world, consumers } = this;
    const { failurePercent, operations, outageMs } = world.scenario;
    world.check(
      consumers.redelivered > 0 || redriven + leases === 0,
      () => `no message was redelivered, but ${redriven} jobs were redriven and ${leases} leases acquired`,
    );
    if (failurePercent > 0) return;
    const gone = outageMs !== undefined || operations.some(({ kind }) => kind === 'outage');
    world.check(
      gone || outages + unavailable === 0,
      () => `no service was unavailable, but ${outages} batches and ${unavailable} invocations failed`,
    );
    world.throwViolation();
  }

  #checkInvariants(): void {
    this.world.step++;
    this.invariants.always();
    this.world.throwViolation();
  }

  #statistics(): Statistics {
    const { world, invariants } = this;
    const runs = viewRuns(world.dynamo);
    const sum = (of: (run: (typeof runs)[number]) => number) =>
      runs.reduce((total, run) => total + of(run), 0);
    return {
      schedules: 1,
      steps: world.step,
      enqueued: sum(({ run }) => run.enqueued),
      failed: sum(({ failed }) => failed),
      orphans: sum((run) => invariants.orphans(run).length),
      redriven: sum(({ run, processed, failed }) => run.enqueued - processed - failed),
      throttled: this.consumers.throttled,
      outages: this.consumers.outages,
      unavailable: this.operations.unavailable,
      inFlight: world.sqs.mostInFlight,
      leases: invariants.leases.size,
      cancelled: world.dynamo.cancelled,
      progress: world.progress,
      passes: sum(({ passes }) => passes.length),
      failedPasses: sum(({ passes }) => passes.filter(({ state }) => state === 'failed').length),
      troubles: world.source?.troubles ?? 0,
    };
  }
}
