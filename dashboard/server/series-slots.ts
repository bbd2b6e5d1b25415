/** Workers with a series of their own. More colours cannot be told apart. */
export const MAX_SERIES = 8;

/** A worker that is shown is replaced only by one with this many times its jobs, so that equal workers do not take turns. */
const REPLACED_BY = 1.25;

/** Chooses the workers with the most jobs, and gives each a place, and so a colour, that it keeps while it is shown. */
export class SeriesSlots {
  readonly #workers: string[] = [];

  /** @param totals jobs by worker @returns the workers in the order of their places */
  assign(totals: ReadonlyMap<string, number>): string[] {
    const shown = new Set(this.#workers.filter((worker) => totals.has(worker)));
    const waiting = [...totals]
      .filter(([worker]) => !shown.has(worker))
      .sort(([one, jobs], [other, otherJobs]) => otherJobs - jobs || (one < other ? -1 : 1));
    for (let place = 0; place < MAX_SERIES; place++) {
      const current = this.#workers[place];
      const [next] = waiting;
      const jobs = current === undefined ? 0 : (totals.get(current) ?? 0);
      if (next && next[1] > jobs * REPLACED_BY) {
        this.#workers[place] = next[0];
        waiting.shift();
      }
    }
    const left = this.#workers.filter((worker) => totals.has(worker));
    this.#workers.splice(0, this.#workers.length, ...left);
    return left;
  }
}
