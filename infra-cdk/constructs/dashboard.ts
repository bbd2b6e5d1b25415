import { Duration, Stack } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  type MetricName,
  metricStageOf,
} from '../../functions/core/model/metrics.ts';
import type { DrumlineFunction, StackContext } from './drumline-function.ts';

/** Widgets per row, of the 24 columns that a dashboard has. */
const WIDTH = 8;

/** The CloudWatch dashboard of the deployment: the alarms, and the figures to look at when one goes off. */
export class Dashboard extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { prefix, settings, queues }: StackContext,
    { consumer, alarms }: { consumer: DrumlineFunction; alarms: Alarm[] },
  ) {
    super(scope, id);
    const { region } = Stack.of(this);
    const metric = (
      namespace: string,
      metricName: string,
      dimensionsMap: Record<string, string>,
      statistic: string,
    ) =>
      new Metric({
        namespace,
        metricName,
        dimensionsMap,
        statistic,
        label: `${metricName} (${statistic})`,
        period: Duration.minutes(1),
      });
    const own = (name: MetricName, statistic: string) =>
      metric(METRIC_NAMESPACE, name, { [METRIC_DIMENSION]: metricStageOf(settings) }, statistic);
    const lambda = (name: string, statistic: string) =>
      metric('AWS/Lambda', name, { FunctionName: consumer.functionName }, statistic);
    const queue = (name: string) => metric('AWS/SQS', name, { QueueName: queues.jobs.queueName }, 'Maximum');
    const graph = (title: string, left: Metric[]) =>
      new GraphWidget({ title, left, width: WIDTH, region, leftYAxis: { min: 0 } });
    const dashboard = new CloudWatchDashboard(this, 'Dashboard', { dashboardName: prefix });
    dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms, width: 3 * WIDTH, height: 3 }));
    dashboard.addWidgets(
      graph('Jobs per minute', [own('enqueued', 'Sum'), own('processed', 'Sum'), own('failed', 'Sum')]),
      graph('Pending jobs', [own('pending', 'Maximum')]),
      graph('Wait of the oldest job, in seconds', [
        own('oldestWait', 'Maximum'),
        own('overdue', 'Maximum'),
        queue('ApproximateAgeOfOldestMessage'),
      ]),
    );
    dashboard.addWidgets(
      graph('Workers', [
        lambda('ConcurrentExecutions', 'Maximum'),
        lambda('Throttles', 'Sum'),
        lambda('Errors', 'Sum'),
      ]),
      graph('Job and batch, in milliseconds', [
        own('jobMs', 'Average'),
        own('batchMs', 'Average'),
        own('batchMs', 'Maximum'),
      ]),
      graph('Missed ticks', [own('missedTicks', 'Sum')]),
    );
  }
}
