import { METRICS } from '../functions/core/model/metrics.ts';
import { type Usage, usageOf } from './prices.ts';

/** The alarms of a stack with the default settings (infra-cdk/constructs/alarms.ts). */
export const ALARMS = 14;

/**
 * Usage of a month of monitoring. It does not depend on the workload. CloudWatch bills a metric only for the hours in which
 * it has values, so less for a deployment that is idle for hours.
 */
export function usageOfMonitoring(): Usage {
  return usageOf({ metricMonths: Object.keys(METRICS).length, alarmMonths: ALARMS, dashboardMonths: 1 });
}
