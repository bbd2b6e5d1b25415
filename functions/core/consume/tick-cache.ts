import type { RunId } from '../model/ids.ts';
import type { Message } from '../model/message.ts';
import { ownsMessage, type Tick } from '../model/tick.ts';

/** Maximum number of ticks that a worker caches. The oldest is evicted first. */
const MAX_CACHED_TICKS = 1_000;

/** Caches ticks, so that a worker reads the ledger once per tick and not once per message. */
export class TickCache {
  readonly #ticks = new Map<string, Promise<Tick | undefined>>();

  /**
   * The tick that has claimed the message, or undefined if none has. A tick grows until all its jobs are claimed, so a
   * cached tick that does not own the message is read again.
   */
  async ownerOf(
    message: Message,
    read: (runId: RunId, tick: number) => Promise<Tick | undefined>,
  ): Promise<Tick | undefined> {
    const key = `${message.runId}#${message.tick}`;
    const cached = this.#ticks.get(key);
    const known = await cached;
    if (known && ownsMessage(known, message)) return known;
    // Another message of the batch may have read the tick again in the meantime.
    const latest = this.#ticks.get(key);
    const tick = await (latest === cached ? this.#load(key, read(message.runId, message.tick)) : latest);
    return tick && ownsMessage(tick, message) ? tick : undefined;
  }

  #load(key: string, tick: Promise<Tick | undefined>): Promise<Tick | undefined> {
    this.#ticks.delete(key);
    this.#ticks.set(key, tick);
    tick.then(
      (found) => found ?? this.#ticks.delete(key),
      () => this.#ticks.delete(key),
    );
    const oldest = this.#ticks.keys().next().value;
    if (this.#ticks.size > MAX_CACHED_TICKS && oldest !== undefined) this.#ticks.delete(oldest);
    return tick;
  }
}
