/** Between which numbers of workers Drumline scales itself. A fixed number has `min` equal to `max`. */
export interface ScalingRule {
  /** 1 to 1,000 workers. */
  min: number;
  max: number;
  /** Within how many seconds a tick's jobs should be done; half of the time between two ticks unless given. */
  drainWithinSeconds?: number;
}

/** What a decision about the number of workers is made from. A missing figure could not be read, or does not exist yet. */
export interface ScalingFigures {
  /** Milliseconds since 1970. */
  now: number;
  /** The reserved concurrency in force. */
  workers?: number;
  /**
   * Jobs that are due and not counted yet: enqueued ones, and those that a claimed tick is about to enqueue. The jobs of a
   * tick with an even pace are due one after the other.
   */
  backlog?: number;
  /** Time of a worker per job, in milliseconds (`Timing.workerMs`). */
  workerMs?: number;
  /** Mean time that a job runs, in milliseconds (`Timing.jobMs`): the backlog cannot drain faster than one job runs. */
  jobMs?: number;
  /** The active run's schedule; absent if no run is active. */
  schedule?: {
    /** Jobs per tick; absent if it is not known, as for a list that was never read. */
    x?: number;
    /** Time between two ticks, in milliseconds. */
    periodMs: number;
    /** When the next tick is due, in milliseconds since 1970. */
    nextTickAt: number;
    pace: 'burst' | 'even';
  };
  /** What earlier decisions recommended, oldest first, at least those of the last five minutes. */
  recommendations: readonly Recommendation[];
}

/** The number of workers that a decision would have set if it could scale down at once. */
export interface Recommendation {
  /** Milliseconds since 1970. */
  at: number;
  workers: number;
}

/** How many workers there should be from now on, and why. */
export interface ScalingDecision {
  /** Absent if nothing is known, so that nothing changes. */
  workers?: number;
  /** One sentence for the log and for `status`. */
  reason: string;
  /** The recommendations to keep for the next decision, the new one included. */
  recommendations: Recommendation[];
}
