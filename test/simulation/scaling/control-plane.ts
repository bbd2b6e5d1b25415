import { MIN_MAPPING_CONCURRENCY } from '../../../plan/aws-limits.ts';
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
export class ControlPlane {
  /** Whether a change of the mapping is not in force yet. AWS refuses another change meanwhile. */
  isUpdating = false;
  readonly #events: Events;
  readonly #random: Random;
  readonly #consumer: ConsumerFunction;
  readonly #mapping: EventSourceMapping;
  readonly conditions: ControlPlaneConditions;

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
    this.conditions = of.conditions;
  }

  get reserved(): number {
    return this.#consumer.reserved;
  }

  get maximum(): number {
    return this.#mapping.maximum;
  }

  /** PutFunctionConcurrency. In force at once. @returns false if the call failed */
  reserve(workers: number): boolean {
    if (this.#fails()) return false;
    this.#consumer.reserved = workers;
    this.#mapping.poll();
    return true;
  }

  /** UpdateEventSourceMapping. In force some time later. @returns false if the call failed */
  limitMapping(workers: number): boolean {
    if (this.isUpdating || this.#fails()) return false;
    this.isUpdating = true;
    const maximum = maximumFor(workers);
    this.#events.after(this.#random.next() * this.conditions.mappingUpdateMs, () => {
      this.isUpdating = false;
      this.#mapping.maximum = maximum;
      this.#mapping.poll();
    });
    return true;
  }

  #fails(): boolean {
    return this.#random.percent(this.conditions.callFailurePercent);
  }
}

/** The mapping's maximum for a number of workers. AWS accepts no maximum below two. */
export const maximumFor = (workers: number) => Math.max(MIN_MAPPING_CONCURRENCY, workers);
