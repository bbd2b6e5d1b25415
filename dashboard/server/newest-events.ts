import type { Batches, View } from '../protocol.ts';
import { MAX_BATCHES } from './batches.ts';

/**
 * Sends events to one page, each when the page has taken the last one. A slow page receives only the newest view, and all
 * batches since then in one event, so that nothing piles up for it.
 */
export class NewestEvents {
  #view: View | undefined;
  #batches: Batches | undefined;
  #isSending = false;

  /** @param send resolves when the page can take the next event */
  constructor(readonly send: (event: string, data: unknown) => Promise<void>) {}

  view(view: View): void {
    this.#view = view;
    void this.#sendAll();
  }

  batches(batches: Batches): void {
    const waiting = batches.all ? undefined : this.#batches;
    const merged = [...(waiting?.batches ?? []), ...batches.batches];
    this.#batches = {
      all: batches.all || waiting?.all === true,
      batches: merged.slice(-MAX_BATCHES),
      ...((batches.truncated || waiting?.truncated || merged.length > MAX_BATCHES) && { truncated: true }),
    };
    void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#view || this.#batches) {
        const [view, batches] = [this.#view, this.#batches];
        this.#view = undefined;
        this.#batches = undefined;
        if (view) await this.send('view', view);
        if (batches) await this.send('batches', batches);
      }
    } catch {
      // The page is gone.
    } finally {
      this.#isSending = false;
    }
  }
}
