import type { RunId } from '../model/ids.ts';
import type { Message } from '../model/message.ts';
import { ownsMessage, type Tick } from '../model/tick.ts';

/** How many ticks a worker remembers; old ones are forgotten first. */
const REMEMBERED = 1_000;

/** What a worker remembers of ticks, so that it asks the ledger once a tick and not once a message. */
export class TickCache {
  readonly #ticks = new Map<string, Promise<Tick | undefined>>();

  /** The tick that has claimed the message, if one has; asks the ledger when what it remembers says no. */
  async ownerOf(
    message: Message,
    read: (runId: RunId, tick: number) => Promise<Tick | undefined>,
  ): Promise<Tick | undefined> {
    const name = `${message.runId}#${message.tick}`;
    const asked = this.#ticks.get(name);
    const remembered = await asked;
    if (remembered && ownsMessage(remembered, message)) return remembered;
    // Somebody else of the same batch may have asked meanwhile.
    const fresh =
      this.#ticks.get(name) === asked
        ? this.#ask(name, read(message.runId, message.tick))
        : this.#ticks.get(name);
    const tick = await fresh;
    return tick && ownsMessage(tick, message) ? tick : undefined;
  }

  #ask(name: string, tick: Promise<Tick | undefined>): Promise<Tick | undefined> {
    this.#ticks.delete(name);
    this.#ticks.set(name, tick);
    tick.then(
      (found) => found ?? this.#ticks.delete(name),
      () => this.#ticks.delete(name),
    );
    const oldest = this.#ticks.keys().next().value;
    if (this.#ticks.size > REMEMBERED && oldest !== undefined) this.#ticks.delete(oldest);
    return tick;
  }
}
