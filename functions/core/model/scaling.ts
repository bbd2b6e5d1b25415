/** The largest number of workers that Drumline accepts. AWS's default for the executions of a whole account ("Lambda quotas"). */
export const MAX_WORKERS = 1_000;

/** The lowest maximum that AWS accepts for a mapping ("Configuring scaling behavior for SQS event source mappings"). */
const MIN_MAPPING_CONCURRENCY = 2;

/** The maximum concurrency of the event source mapping that belongs to a number of workers. */
export function mappingMaximumOf(workers: number): number {
  return Math.max(MIN_MAPPING_CONCURRENCY, workers);
}

/** The times of `drainWithinSeconds`, in seconds. A decision per minute cannot do better than the minimum. */
export const DRAIN_WITHIN_SECONDS = { min: 60, max: 86_400 };

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

/**
 * Reads a rule: `MIN:MAX`, or one number that is both.
 * @throws RangeError that says what is wrong
 */
export function parseRule(text: string): ScalingRule {
  const [, minText, maxText = minText] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(text.trim()) ?? [];
  if (minText === undefined)
    throw new RangeError('must be a number of workers such as 4, or a minimum and a maximum such as 1:20');
  const rule = { min: Number(minText), max: Number(maxText) };
  if (rule.min < 1 || rule.max > MAX_WORKERS)
    throw new RangeError(`must be from 1 to ${MAX_WORKERS.toLocaleString('en-US')} workers`);
  if (rule.min > rule.max)
    throw new RangeError(`has a minimum above its maximum; did you mean ${rule.max}:${rule.min}?`);
  return rule;
}

/** Whether a rule fixes the number of workers. */
export function isFixed({ min, max }: ScalingRule): boolean {
  return min === max;
}
