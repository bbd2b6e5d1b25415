import {
  type MappingState,
  Refused,
  type WorkerLimits,
} from '../../../functions/core/scaling/apply-scaling.ts';
import type { ConsumerFunction } from './consumer-function.ts';
import type { EventSourceMapping } from './event-source-mapping.ts';
import type { Events } from './events.ts';
import type { Random } from './random.ts';

/** How Lambda's control plane behaves. */
export interface ControlPlaneConditions {
  /** A call takes this time, in milliseconds. */
  callMs: number;
  /** Maximum time until a change of the mapping is in force, in milliseconds. */
  mappingUpdateMs: number;
  /**
   * Share of calls that fail, in percent: all calls of an account share 15 requests a second ("Lambda quotas"), and other
   * tools of the account use them too.
   */
  callFailurePercent: number;
}

/** Lambda's control plane, as far as scaling uses it. */
export class ControlPlane implements WorkerLimits {
  #isChanging = false;
  readonly #events: Events;
  readonly #random: Random;
  readonly #consumer: ConsumerFunction;
  readonly #mapping: EventSourceMapping;
  readonly #conditions: ControlPlaneConditions;

  constructor(of: {
    events: Events;
    random: Random;
    consumer: ConsumerFunction;
    mapping: EventSourceMapping;
    conditions: ControlPlaneConditions;
  }) {
    this.#events = of.events;
    this.#random = of.random;
    this.#consumer = of.consumer;
    this.#mapping = of.mapping;
    this.#conditions = of.conditions;
  }

  /** The control plane for a caller that dies at a time: it never gets an answer then. */
  calledUntil(diesAt: number): WorkerLimits {
    const answer = async <T>(call: () => Promise<T>): Promise<T> => {
      const isDead = () => this.#events.now >= diesAt;
      if (isDead()) return new Promise(() => {});
      const result = await call();
      return isDead() ? new Promise(() => {}) : result;
    };
    return {
      readReserved: () => answer(() => this.readReserved()),
      reserve: (workers) => answer(() => this.reserve(workers)),
      readMapping: () => answer(() => this.readMapping()),
      limitMapping: (maximum) => answer(() => this.limitMapping(maximum)),
    };
  }

  async readReserved(): Promise<number> {
    await this.#call();
    return this.#consumer.reserved;
  }

  /** PutFunctionConcurrency. In force at once. */
  async reserve(workers: number): Promise<void> {
    await this.#call();
    this.#consumer.reserved = workers;
    this.#mapping.poll();
  }

  async readMapping(): Promise<MappingState> {
    await this.#call();
    return { maximum: this.#mapping.maximum, isChanging: this.#isChanging };
  }

  /** UpdateEventSourceMapping. In force some time later. */
  async limitMapping(maximum: number): Promise<void> {
    await this.#call();
    if (this.#isChanging) throw new Refused('ResourceInUseException');
    this.#isChanging = true;
    this.#events.after(this.#random.next() * this.#conditions.mappingUpdateMs, () => {
      this.#isChanging = false;
      this.#mapping.maximum = maximum;
      this.#mapping.poll();
    });
  }

  async #call(): Promise<void> {
    await this.#events.sleep(this.#conditions.callMs);
    if (this.#random.percent(this.#conditions.callFailurePercent))
      throw new Refused('TooManyRequestsException');
  }
}
