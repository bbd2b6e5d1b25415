import { combineTimings, TIMING_HALF_LIFE_MS, type Timing } from '../../../functions/core/model/timing.ts';

/** What the counters of the workers say about the time that jobs take: a decayed mean of the processed batches. */
export class ObservedTiming {
  #timing: Timing | undefined;

  add(jobs: number, durationMs: number, jobMs: number, now: number): void {
    const earlier = this.#timing ?? { jobs: 0, jobMs: 0, workerMs: 0, at: now };
    const before = earlier.jobs * 2 ** ((earlier.at - now) / TIMING_HALF_LIFE_MS);
    const mean = (old: number, sum: number) => (old * before + sum) / (before + jobs);
    this.#timing = {
      jobs: before + jobs,
      jobMs: mean(earlier.jobMs, jobMs * jobs),
      workerMs: mean(earlier.workerMs, durationMs),
      at: now,
    };
  }

  read(now: number): Timing | undefined {
    return combineTimings(this.#timing ? [this.#timing] : [], now);
  }
}
