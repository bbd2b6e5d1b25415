import type { Events } from './events.ts';
import type { Message } from './jobs-queue.ts';

/** A Lambda function with reserved concurrency. Each invocation is a worker that processes a batch. */
export class ConsumerFunction {
  running = 0;
  /** Invocations that were refused because the reserved concurrency was used up. */
  throttles = 0;
  readonly #events: Events;
  readonly #batchMs: (batch: readonly Message[]) => number;

  /** @param batchMs how long a batch takes that starts now */
  constructor(
    events: Events,
    public reserved: number,
    batchMs: (batch: readonly Message[]) => number,
  ) {
    this.#events = events;
    this.#batchMs = batchMs;
  }

  /** @returns false if the call was throttled @param ended called when the batch is processed, with its duration */
  invoke(batch: readonly Message[], ended: (durationMs: number) => void): boolean {
    if (this.running >= this.reserved) {
      this.throttles++;
      return false;
    }
    this.running++;
    const durationMs = this.#batchMs(batch);
    this.#events.after(durationMs, () => {
      this.running--;
      ended(durationMs);
    });
    return true;
  }
}
