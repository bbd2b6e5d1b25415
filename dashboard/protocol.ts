import type { JobReport } from '../functions/core/jobs/find-job.ts';
import type { ScalingRule } from '../functions/core/model/scaling.ts';
import type { Status } from '../functions/status.ts';

// What the local server sends to the page. Times are milliseconds since 1970 unless a name says otherwise.

/** What does not change while the server runs: `GET /api/about`. */
export interface About {
  version: string;
  target: 'local' | 'localstack' | 'aws';
  /** Empty for the stack without a stage. */
  stage: string;
  stackName: string;
  /** Whether the server accepts changes at all: it was opened with `--write`. */
  writable: boolean;
  /** Intervals between two polls that the page offers, in seconds, and the default. */
  intervals: number[];
  defaultInterval: number;
  /** Largest number of workers that Drumline accepts. */
  maxWorkers: number;
  /** What a command on the terminal needs for this target and stage: `--stage demo`; empty for nothing. */
  commandOptions: string;
}

/** Everything that the overview shows: the event `view` of `GET /api/live?every=SECONDS`, once per poll. */
export interface View {
  /** When the server made the view. */
  at: number;
  /** The answer of the status function to the last poll that succeeded; absent before the first one. */
  status?: Status;
  /** When that was. */
  statusAt?: number;
  health: Health;
  /** What needs attention; empty if nothing does. */
  warnings: Warning[];
  /** Why the last poll failed; absent if it succeeded. The other fields then have older values. */
  problem?: Problem;
  /** Current throughput, in jobs per second over the last `RATE_WINDOW_MS`; null if it is not known yet. */
  jobsPerSecond: number | null;
  /** Estimated milliseconds until no job is pending; null if nothing is pending or the throughput is not known. */
  drainMs: number | null;
  history: History;
  polling: Polling;
  /** What the run has cost so far at AWS's prices, in dollars; absent if it is not known. */
  cost?: RunCost;
}

export interface Health {
  /**
   * `idle`: no run is active and nothing is pending. `unknown`: nothing was read yet. `attention`: jobs are done, but
   * something needs a person. `broken`: jobs are not done, or the cloud does not answer.
   */
  state: 'healthy' | 'idle' | 'attention' | 'broken' | 'unknown';
  /** One sentence: whether all is well. */
  sentence: string;
  /** What to do, as a sentence; absent if all is well. */
  action?: string;
}

/** A condition that needs attention, in the words of the alarms (infra-cdk/settings/conditions.ts). */
export interface Warning {
  condition: string;
  title: string;
  meaning: string;
  action: string;
  found: string;
}

/** An error as the page shows it: what happened and what to do. */
export interface Problem {
  code: string;
  message: string;
  /** What to do; empty for nothing. */
  nextStep: string;
  /** When it began, for a problem that lasts. */
  since?: number;
}

export interface Polling {
  /** The smallest interval that an open page asks for. */
  intervalSeconds: number;
  /** Pages that are visible. */
  viewers: number;
  /** What polling costs per day on AWS with this interval while a page is visible, in dollars; absent if it is not known. */
  dollarsPerDay?: number;
}

export interface RunCost {
  total: number;
  /** Dollars by service. */
  services: Record<string, number>;
}

/** A run: `GET /api/runs/:id`. */
export interface RunAnswer {
  status: Status;
  /** What the run has cost so far; absent if it is not known. */
  cost?: RunCost;
}

/**
 * The last hour in fixed buckets. Every array has one value per bucket, the oldest first; null where nothing is known. The
 * last bucket is incomplete.
 */
export interface History {
  /** Start of the first bucket. */
  from: number;
  bucketMs: number;
  /** Names of the workers with a series of their own, in the order of `throughput`. */
  workers: string[];
  /** Number of workers that are in the last series of `throughput` together; 0 if there is no such series. */
  others: number;
  /** Processed jobs per second, one array per worker, and one for the others if there are any. */
  throughput: (number | null)[][];
  /** Jobs that are enqueued, and neither processed nor failed. */
  waiting: (number | null)[];
  /** Mean milliseconds from when a job was enqueued until its first attempt began. */
  waitMs: (number | null)[];
  /** Mean milliseconds that a job ran. */
  runMs: (number | null)[];
  /** Seconds that the oldest pending job has waited. */
  oldestSeconds: (number | null)[];
  /** Workers that may run at the same time. */
  concurrency: (number | null)[];
  /** Decisions of the autoscaler that changed something, or tried to, the oldest first. */
  decisions: Decision[];
  /** Ticks that were claimed, the oldest first. */
  ticks: { tick: number; at: number; jobs: number }[];
}

export interface Decision {
  at: number;
  /** null for no limit. */
  from: number | null;
  to: number | null;
  reason: string;
  /** Why the change could not be made. */
  problem?: string;
}

/** One batch of a worker, for its lane. */
export interface Batch {
  worker: string;
  from: number;
  to: number;
  processed: number;
  failed: number;
  tick?: number;
}

/** The event `batches` of `GET /api/live`. */
export interface Batches {
  /** Whether these are all batches that the server knows, e.g. the first ones of a connection. Otherwise they are new ones. */
  all: boolean;
  batches: Batch[];
  /** Whether there were more batches than the server reads, so that lanes have gaps. */
  truncated?: boolean;
}

/** A log line: the event `lines` of `GET /api/logs`, which has an array of them. */
export interface Line {
  /** Ascending, unique while the server runs. */
  id: number;
  /** ISO 8601. */
  time: string;
  function: string;
  level?: string;
  message: string;
  worker?: string;
  /** The line's other fields. */
  fields: Record<string, unknown>;
}

/** Levels of log lines, the least severe first. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What lines `GET /api/logs` sends, by its parameters of the same names. What is absent restricts nothing. */
export interface LogFilter {
  function?: string | undefined;
  /** The worker's name, or its beginning. */
  worker?: string | undefined;
  /** This level and those above. */
  level?: LogLevel | undefined;
  /** A text anywhere in the line; upper and lower case are equal. */
  text?: string | undefined;
}

/** Everything about one job, with the log lines about it: `GET /api/jobs/:id`. */
export type JobStory = JobReport & {
  log: Omit<Line, 'id'>[];
  /** Why the log could not be read. */
  logProblem?: string;
};

/** Dead letters that a query finds, or all: what `POST /api/dead-letters/purge` deletes. */
export type DeadLetterSelection = { query: string; runId?: string | undefined } | { all: true };

/** What `POST /api/dead-letters/retry` sends again. */
export type RetrySelection = DeadLetterSelection | { jobs: number[] };

/** A change that the page asks for: `POST /api/control`. The control function checks it. */
export type Change =
  | {
      action: 'start';
      x?: number | 'all';
      y?: number;
      cron?: string;
      timezone?: string;
      pace?: 'burst' | 'even';
      backfillMinutes?: number;
      replace?: boolean;
    }
  | {
      action: 'update';
      x?: number | 'all';
      y?: number;
      cron?: string;
      timezone?: string;
      pace?: 'burst' | 'even';
    }
  | { action: 'stop' }
  | ({ action: 'scale' } & ScalingRule);

/** A line of a streamed answer (newline-delimited JSON): progress, and then a result or an error. */
export type Streamed<Result> = { progress: string } | { result: Result } | { error: Problem };

/** The header with the token, which changes need. */
export const TOKEN_HEADER = 'x-drumline-token';
