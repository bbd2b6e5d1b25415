import { Choices } from './choices.ts';
import { Consumers, summarize } from './consumers.ts';
import { Invariants } from './invariants.ts';
import { openTicks, viewRuns } from './ledger-view.ts';
import { Operations } from './operations.ts';
import type { Scenario } from './scenario.ts';
import type { System } from './system.ts';
import { idle } from './virtual-time.ts';
import { JOBS, World } from './world.ts';

/** What a simulation has seen, to show that it went somewhere. */
export interface Statistics {
  steps: number;
  enqueued: number;
  failed: number;
  orphans: number;
  redriven: number;
  /** Batches that were received and given to nobody. */
  throttled: number;
  /** Batches that met a service that could not be used: they sent messages back. */
  outages: number;
  /** Invocations of schedulers and controls that failed for want of a service. */
  unavailable: number;
  /** The most messages that were in flight at once. */
  inFlight: number;
  /** Leases that were taken on messages that workers might die of. */
  leases: number;
  /** Transactions that DynamoDB cancelled for another one's sake, or throttled. */
  cancelled: number;
}

/** Steps within which a schedule that has run out of choices must drain. In 2,500 schedules the longest took 672. */
const DRAINING_STEPS = 5_000;

/** How far the clock may jump, in milliseconds; nearly always to what is due next. */
const JUMPS = [
  [14, 0],
  [3, 1_000],
  [2, 11_000],
  [1, 61_000],
] as const;

/**
 * Runs a scenario: first as its choices have it, then fairly until all has drained, then with every job fixed and
 * every dead letter sent again.
 * @throws Violation when a promise does not hold
 */
export function simulate(system: System, scenario: Scenario): Promise<Statistics> {
  const simulation = new Simulation(new World(system, scenario, new Choices(scenario.choices)));
  return simulation.world.time.install(() => simulation.run());
}

class Simulation {
  readonly consumers: Consumers;
  readonly operations: Operations;
  readonly invariants: Invariants;

  constructor(readonly world: World) {
    this.consumers = new Consumers(world);
    this.operations = new Operations(world, this.consumers);
    this.invariants = new Invariants(world);
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
    world.note('— from here on all goes well');
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
    world.note('— every job is fixed, and dead letters are sent again');
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

  /** One step of the schedule's own choosing. The first thing that can be done is the dullest. */
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
          world.note(`once more: ${summarize(which.body)}`);
          sqs.duplicate(JOBS, which);
        },
      ]);
    choices.weighted(options)();
  }

  /** Has Elasticsearch gone for so long. */
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

  /** Lets all calls go on until nothing is under way but what waits for the clock. */
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
   * The rule fires again, minute by minute, as it does as long as the world stands. Twice: the first of these firings may
   * meet a scheduler of before, that still holds a tick.
   */
  async #fireTwice(): Promise<void> {
    const { world, operations, invariants } = this;
    await this.#settle();
    for (let minute = 0; minute < 2; minute++) {
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

  /** Ends the run, and fires and delivers until nothing is left to do. */
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
        world.recordViolation('it does not drain');
        world.throwViolation();
      }
    }
  }

  #advance(extraMs: number): void {
    const { time, sqs, dynamo } = this.world;
    // A transaction takes milliseconds.
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

  /** Redelivery heals what costs a batch or a firing, so that it would show nowhere else. */
  #checkNoFalseAlarms({ outages, unavailable, redriven, leases }: Statistics): void {
    const { world, consumers } = this;
    const { failurePercent, operations, outageMs } = world.scenario;
    world.check(
      consumers.redelivered > 0 || redriven + leases === 0,
      () => `no message came back by itself, and ${redriven} jobs were redriven, ${leases} leases taken`,
    );
    if (failurePercent > 0) return;
    const gone = outageMs !== undefined || operations.some(({ kind }) => kind === 'outage');
    world.check(
      gone || outages + unavailable === 0,
      () =>
        `no service was gone, and ${outages} batches and ${unavailable} invocations failed for want of one`,
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
    };
  }
}
