import { Metrics } from '@aws-lambda-powertools/metrics';
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
  type MetricValues,
} from '../core/model/metrics.ts';
import { log } from './logger.ts';

/** The levels of the log at which informational lines are written. */
const INFO_LEVELS = ['TRACE', 'DEBUG', 'INFO'];

/**
 * Writes log lines that CloudWatch also reads as metrics. A line with both takes fewer bytes than two lines. AWS documents
 * that metrics are found in what a function writes to its standard output, and that other members of the JSON object are
 * ignored ("Specification: Embedded metric format").
 */
export class MetricLog {
  readonly #metrics = new Metrics({ namespace: METRIC_NAMESPACE });

  /** @param stage the value of the only dimension */
  constructor(stage: string) {
    // Powertools always adds the dimension `service` (its documentation, "Metrics", "Default dimensions").
    this.#metrics.clearDefaultDimensions();
    this.#metrics.setDefaultDimensions({ [METRIC_DIMENSION]: stage });
  }

  /**
   * Writes a line and its metrics. The metrics have a line of their own if the log omits informational lines, or if the
   * line is a warning, which goes to the standard error.
   */
  write(
    level: 'info' | 'warn',
    message: string,
    values: MetricValues,
    fields: Record<string, unknown> = {},
  ): void {
    for (const [name, value] of Object.entries(values))
      if (value !== undefined) this.#metrics.addMetric(name, METRICS[name as MetricName], value);
    const hasMetrics = this.#metrics.hasStoredMetrics();
    if (hasMetrics && level === 'info' && INFO_LEVELS.includes(log.getLevelName())) {
      log.info(message, { ...fields, ...this.#metrics.serializeMetrics() });
      this.#metrics.clearMetrics();
      return;
    }
    log[level](message, fields);
    if (hasMetrics) this.#metrics.publishStoredMetrics();
  }
}
