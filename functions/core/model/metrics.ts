/**
 * The metrics in CloudWatch. The stage is their only dimension, because CloudWatch bills each combination of dimensions as
 * a metric of its own ("Amazon CloudWatch pricing"). The run and the worker are in the same log line, for searches.
 */
export const METRICS = {
  /** Jobs that the scheduler sent to the queue. */
  enqueued: 'Count',
  /** Ticks that the scheduler skipped because they were too late, or had no items. */
  missedTicks: 'Count',
  /** Jobs that a batch has counted as processed. */
  processed: 'Count',
  /** Jobs that a batch has given up. Negative if it has processed more jobs that were counted as failed before. */
  failed: 'Count',
  /** Mean time that the worker's recent jobs ran. */
  jobMs: 'Milliseconds',
  /** How long a batch took. */
  batchMs: 'Milliseconds',
  /** Jobs that are enqueued, and neither processed nor failed. Every minute. */
  pending: 'Count',
  /** How long the oldest pending job has waited; 0 if none is pending. Every minute. */
  oldestWait: 'Seconds',
  /** How much longer than the time between two ticks that is; 0 if it is not longer. Every minute. */
  overdue: 'Seconds',
} as const satisfies Record<string, 'Count' | 'Milliseconds' | 'Seconds'>;

export type MetricName = keyof typeof METRICS;

/** Values by metric; a metric that is absent or undefined is not recorded. */
export type MetricValues = { [name in MetricName]?: number | undefined };

export const METRIC_NAMESPACE = 'Drumline';

/** The name of the only dimension. */
export const METRIC_DIMENSION = 'stage';

/** The dimension's value. No stage can have the name of the first deployment's, because a stage's name is in lower case. */
export function metricStageOf({ stage }: { stage: string }): string {
  return stage === '' ? 'Default' : stage;
}
