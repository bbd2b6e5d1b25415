/** How long jobs take, as one or several workers have measured lately. Durations are milliseconds. */
export interface Timing {
  /** Mean time that a job runs, from its start to its end, whether or not it fails. */
  jobMs: number;
  /**
   * Mean time of a worker per job: the duration of batches divided by the number of their jobs. So a worker does
   * `1_000 / workerMs` jobs per second. It is less than `jobMs` if a worker runs several jobs at the same time.
   */
  workerMs: number;
  /** How many jobs the means stand for: recent jobs count fully, older ones less. */
  jobs: number;
  /** When the last of the jobs ended, in milliseconds since 1970. */
  at: number;
}

/** After this time a figure has half of its weight, in milliseconds. Jobs that become slower show within minutes. */
export const TIMING_HALF_LIFE_MS = 60_000;

/**
 * The mean of several workers' timings, each weighted by its jobs and by its age.
 * @param now milliseconds since 1970
 * @returns undefined if there is none
 */
export function combineTimings(timings: readonly Timing[], now: number): Timing | undefined {
  const weighted = timings.map((timing) => ({ timing, weight: weightAt(timing, now) }));
  const jobs = weighted.reduce((sum, { weight }) => sum + weight, 0);
  if (jobs === 0) return undefined;
  const mean = (of: (timing: Timing) => number) =>
    weighted.reduce((sum, { timing, weight }) => sum + of(timing) * weight, 0) / jobs;
  return {
    jobMs: mean(({ jobMs }) => jobMs),
    workerMs: mean(({ workerMs }) => workerMs),
    jobs,
    at: Math.max(...timings.map(({ at }) => at)),
  };
}

/** How many jobs a timing stands for now. */
function weightAt({ jobs, at }: Timing, now: number): number {
  return jobs * 2 ** (-Math.max(0, now - at) / TIMING_HALF_LIFE_MS);
}
