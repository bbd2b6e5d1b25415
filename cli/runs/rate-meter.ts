import { jobsPerMinute } from '../terminal/figures.ts';

const WINDOW_MS = 10_000;

/** Measures how fast jobs are done, from samples of a counter: over the last ten seconds. */
export class RateMeter {
  #samples: { at: number; done: number }[] = [];

  /** @returns jobs a minute; null until there are two samples */
  sample(done: number, at = Date.now()): number | null {
    const last = this.#samples.at(-1);
    // Another run's counter begins anew.
    if (last && done < last.done) this.#samples = [];
    this.#samples.push({ at, done });
    // One sample older than the window stays: it is where the window begins.
    while ((this.#samples[1]?.at ?? at) <= at - WINDOW_MS) this.#samples.shift();
    const [first] = this.#samples;
    return first && first.at < at ? jobsPerMinute(done - first.done, at - first.at) : null;
  }
}
