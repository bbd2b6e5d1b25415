import { MAPPING_RAMP } from '../../../plan/aws-limits.ts';
import type { ConsumerFunction } from './consumer-function.ts';
import type { Events } from './events.ts';
import type { JobsQueue, Message } from './jobs-queue.ts';

/** `batchSize` of the default settings. */
const BATCH_SIZE = 10;

/** Delay of the first attempt after a throttled one, and the longest delay, in milliseconds. AWS does not document them. */
const RETRY_MS = { first: 500, longest: 20_000 };

/**
 * Lambda's event source mapping for an SQS queue ("Configuring scaling behavior for SQS event source mappings"): it starts
 * with five batches at a time and adds up to 300 a minute while there are messages. It does not know the reserved
 * concurrency. A throttled batch is tried again until its visibility timeout has passed; then its messages are visible
 * again, one receive further ("Handling errors for an SQS event source in Lambda").
 */
export class EventSourceMapping {
  readonly #events: Events;
  readonly #queue: JobsQueue;
  readonly #consumer: ConsumerFunction;
  readonly #visibilityMs: number;
  readonly #processed: (batch: readonly Message[], durationMs: number) => void;
  /** Batches that are received and neither processed nor given up. */
  #batches = 0;
  /** When the queue stopped being empty; undefined while it is empty. */
  #activeSince: number | undefined;
  #isWaiting = false;

  constructor(of: {
    events: Events;
    queue: JobsQueue;
    consumer: ConsumerFunction;
    /** The maximum concurrency in force. */
    maximum: number;
    visibilityMs: number;
    /** Called when a batch is processed and deleted. */
    processed: (batch: readonly Message[], durationMs: number) => void;
  }) {
    this.#events = of.events;
    this.#queue = of.queue;
    this.#consumer = of.consumer;
    this.#visibilityMs = of.visibilityMs;
    this.#processed = of.processed;
    this.maximum = of.maximum;
    of.queue.onVisible = () => this.poll();
  }

  maximum: number;

  /** Receives as many batches as the ramp and the maximum allow. */
  poll(): void {
    if (this.#queue.visible === 0 && this.#batches === 0) this.#activeSince = undefined;
    else this.#activeSince ??= this.#events.now;
    const ramp = this.#rampNow();
    while (this.#queue.visible > 0 && this.#batches < Math.min(ramp, this.maximum)) {
      this.#batches++;
      const batch = this.#queue.receive(BATCH_SIZE);
      this.#invoke(batch, this.#events.now + this.#visibilityMs, RETRY_MS.first);
    }
    if (this.#queue.visible > 0 && ramp < this.maximum) this.#pollLater();
  }

  #rampNow(): number {
    const minutes = (this.#events.now - (this.#activeSince ?? this.#events.now)) / 60_000;
    return Math.floor(MAPPING_RAMP.initial + MAPPING_RAMP.perMinute * minutes);
  }

  #pollLater(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#events.after(1_000, () => {
      this.#isWaiting = false;
      this.poll();
    });
  }

  #invoke(batch: readonly Message[], visibleAt: number, retryMs: number): void {
    const isRunning = this.#consumer.invoke(batch, (durationMs) => {
      this.#queue.delete(batch);
      this.#batches--;
      this.#processed(batch, durationMs);
      this.poll();
    });
    if (isRunning) return;
    if (this.#events.now + retryMs < visibleAt) {
      const longer = Math.min(2 * retryMs, RETRY_MS.longest);
      this.#events.after(retryMs, () => this.#invoke(batch, visibleAt, longer));
      return;
    }
    this.#events.at(visibleAt, () => {
      this.#batches--;
      this.#queue.expire(batch);
    });
  }
}
