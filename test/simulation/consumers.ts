import type { Delivery, Worker } from '../../functions/core/consume/worker.ts';
import type { WorkerId } from '../../functions/core/model/ids.ts';
import { jobsToRun, parseMessage } from '../../functions/core/model/message.ts';
import type { Actor } from './network.ts';
import { bucketOf } from './readers.ts';
import { DEAD_LETTERS, JOBS, type World } from './world.ts';

/** More receives than any message needs. */
export const MANY_RECEIVES = 60;

/** Longer than any simulation, so that no message record expires. */
const LEDGER_TTL_SECONDS = 10 * 86_400;

/** One execution environment. Its memory is lost when it dies. */
interface Environment {
  actor: Actor;
  worker: Worker;
  busy: boolean;
}

/** Lambda's part: creates execution environments, and polls the queue for them. */
export class Consumers {
  readonly #environments: Environment[] = [];
  readonly #poller: Actor;
  #created = 0;
  /** The maximum number of batches in progress: the reserved concurrency. */
  concurrency: number;
  /** The times at which throttled batches leave their pollers. */
  #throttled: number[] = [];
  /** The number of throttled batches. */
  throttled = 0;
  /** The number of deliveries of messages that were neither deleted nor returned to the queue. */
  redelivered = 0;
  /** The number of batches that returned messages because a service was unavailable. */
  outages = 0;

  constructor(readonly world: World) {
    this.concurrency = world.scenario.workers;
    this.#poller = world.actor('the poller');
  }

  get busy(): boolean {
    return this.#environments.some(({ busy }) => busy);
  }

  /** Whether a poller is free and a message visible. */
  get canDeliver(): boolean {
    const { scenario, sqs, time } = this.world;
    this.#throttled = this.#throttled.filter((until) => until > time.now);
    const pollers = Math.max(this.concurrency, scenario.pollers ?? 0);
    return this.#busy + this.#throttled.length < pollers && sqs.visible(JOBS).length > 0;
  }

  get #busy(): number {
    return this.#environments.filter((environment) => environment.busy).length;
  }

  /** Delivers some of the visible messages, in any order, to an idle environment. */
  deliver(): void {
    const { world } = this;
    const { scenario, time } = world;
    const deliveries = this.#receive();
    if (deliveries.length === 0) return;
    if (this.#busy >= this.concurrency) {
      // Lambda throttles the invocation. The messages become visible again; only their receive counts have changed.
      world.note(`throttled: ${deliveries.map(({ body, receives }) => `${summarize(body)}·${receives}`)}`);
      this.#throttled.push(time.now + scenario.timeoutMs * scenario.visibility);
      this.throttled++;
      return;
    }
    const environment = this.#idle();
    environment.busy = true;
    const { actor } = environment;
    actor.jobs = deliveries.flatMap(jobsIn);
    world.note(
      `${actor.name} takes ${deliveries.map(({ body, receives }) => `${summarize(body)}·${receives}`)}`,
    );
    const endsAt = time.now + scenario.timeoutMs;
    const deadline = time.at(endsAt, () => world.network.kill(actor), true);
    world.deathHandlers.set(actor, () => this.#discard(environment, deadline));
    world.system
      .consume(environment.worker, deliveries, endsAt)
      .then(({ undelivered, errors, outage }) => {
        if (!actor.alive) return;
        if (outage) this.outages++;
        for (const error of errors) world.recordViolation(`${actor.name} met ${error.stack}`);
        const done = deliveries.filter(({ id }) => !undelivered.includes(id));
        this.#acknowledge(done);
      })
      .catch(world.expecting(actor.name))
      .finally(() => {
        if (!actor.alive) return;
        time.cancel(deadline);
        environment.busy = false;
      });
  }

  /** Receives some of the visible messages, in any order. */
  #receive(): Delivery[] {
    const { world } = this;
    const { choices, sqs, scenario } = world;
    const deliveries: Delivery[] = [];
    const size = scenario.batchSize - choices.below(scenario.batchSize);
    while (deliveries.length < size) {
      const visible = sqs.visible(JOBS);
      const copy = visible[choices.below(visible.length)];
      if (!copy) break;
      const delivered = sqs.receive(JOBS, copy, scenario.timeoutMs * scenario.visibility);
      if (!delivered) {
        world.note(`redriven: ${summarize(copy.body)}`);
        world.check(
          scenario.maxReceives < MANY_RECEIVES,
          () => `a message was received too often: ${copy.body}`,
        );
      } else {
        const { receipt: id, body, receives } = delivered;
        if (receives > 1) this.redelivered++;
        deliveries.push({ id, body, receives });
      }
    }
    return deliveries;
  }

  #acknowledge(deliveries: readonly Delivery[]): void {
    if (deliveries.length === 0) return;
    const { network, sqs } = this.world;
    const receipts = deliveries.map(({ id }) => id);
    this.#poller.jobs = deliveries.flatMap(jobsIn);
    network
      .call(this.#poller, 'queue', `delete ${receipts}`, () => sqs.delete(JOBS, receipts))
      .catch(() => this.world.note('not deleted'));
  }

  #idle(): Environment {
    const idle = this.#environments.filter(({ busy }) => !busy);
    const found = idle[this.world.choices.below(idle.length + 1)];
    if (found) return found;
    const created = this.#createEnvironment();
    this.#environments.push(created);
    return created;
  }

  #createEnvironment(): Environment {
    const { world } = this;
    const { scenario, time } = world;
    const actor = world.actor(`worker ${++this.#created}`);
    const id = `worker-${String(this.#created).padStart(4, '0')}` as WorkerId;
    const table = world.table(actor);
    const worker: Worker = {
      id,
      version: 'simulated',
      job: world.work.in(actor),
      ledger: new world.system.LedgerWriter(
        table,
        new world.system.WorkerCounters(table, id),
        time.clock,
        LEDGER_TTL_SECONDS,
      ),
      results: world.results(actor),
      jobs: world.queue(actor, JOBS),
      deadLetters: world.queue(actor, DEAD_LETTERS),
      ticks: new world.system.TickCache(),
      items: new world.system.SnapshotReader(table, bucketOf(world, actor)),
      settings: {
        jobConcurrency: scenario.jobConcurrency,
        maxAttempts: scenario.maxAttempts,
        backoff: { baseSeconds: 1, capSeconds: 16 },
      },
      clock: time.clock,
      random: () => 0.5,
      verifiedIndices: new Set(),
    };
    return { actor, worker, busy: false };
  }

  #discard(environment: Environment, deadline: number): void {
    this.world.time.cancel(deadline);
    this.#environments.splice(this.#environments.indexOf(environment), 1);
  }
}

function jobsIn({ body }: Delivery): number[] {
  const parsed = parseMessage(body);
  return 'message' in parsed ? jobsToRun(parsed.message) : [];
}

/** A message's body, shortened for the trace. */
export function summarize(body: string): string {
  return body
    .slice(0, 200)
    .replaceAll(/"(v|runId|enqueuedAt)":("[^"]*"|\d+),?/g, '')
    .slice(0, 80);
}
