import type { Events } from './events.ts';

/** A message with some jobs of a tick. */
export interface Message {
  tick: number;
  jobs: number;
  /** How often it was received. */
  receives: number;
}

/** What GetQueueAttributes returns. */
export interface QueueDepth {
  visible: number;
  inFlight: number;
}

/**
 * How old the approximate numbers of messages are, in milliseconds. They "may not achieve consistency until at least 1
 * minute after the producers stop sending messages" (SQS API reference, "GetQueueAttributes"); half of that is kind.
 */
const DEPTH_LATENESS_MS = 30_000;

/** How often the depth is recorded. */
const DEPTH_EVERY_MS = 5_000;

/** SQS. A message that is not deleted is visible again after the visibility timeout. */
export class JobsQueue {
  /** The largest receive count of a message so far. */
  maxReceives = 0;
  /** Called when messages become visible. */
  onVisible: () => void = () => {};
  readonly #events: Events;
  #visible: Message[] = [];
  #next = 0;
  #inFlight = 0;
  #depths: (QueueDepth & { at: number })[] = [];

  constructor(events: Events) {
    this.#events = events;
    events.every(DEPTH_EVERY_MS, 0, () => this.#recordDepth());
  }

  get visible(): number {
    return this.#visible.length - this.#next;
  }

  send(message: Message): void {
    this.#visible.push(message);
    this.onVisible();
  }

  receive(count: number): Message[] {
    const messages = this.#visible.slice(this.#next, this.#next + count);
    this.#next += messages.length;
    if (this.#next === this.#visible.length) {
      this.#visible = [];
      this.#next = 0;
    }
    this.#inFlight += messages.length;
    for (const message of messages) this.maxReceives = Math.max(this.maxReceives, ++message.receives);
    return messages;
  }

  delete(messages: readonly Message[]): void {
    this.#inFlight -= messages.length;
  }

  /** The visibility timeout of these messages has passed. */
  expire(messages: readonly Message[]): void {
    this.#inFlight -= messages.length;
    this.#visible.push(...messages);
    this.onVisible();
  }

  /** The numbers of messages as SQS reports them: late. */
  approximateDepth(): QueueDepth {
    return (
      this.#depths.find(({ at }) => at >= this.#events.now - DEPTH_LATENESS_MS) ?? { visible: 0, inFlight: 0 }
    );
  }

  #recordDepth(): void {
    const { now } = this.#events;
    this.#depths.push({ at: now, visible: this.visible, inFlight: this.#inFlight });
    if ((this.#depths[0]?.at ?? now) < now - DEPTH_LATENESS_MS) this.#depths.shift();
  }
}
