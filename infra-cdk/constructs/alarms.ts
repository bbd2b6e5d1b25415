import { ArnFormat, Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { TimeBudget } from '../../functions/core/consume/time-budget.ts';
import { METRIC_DIMENSION, METRIC_NAMESPACE, metricStageOf } from '../../functions/core/model/metrics.ts';
import {
  CONDITIONS,
  type ConditionName,
  MAX_WAIT_DAYS,
  MISSED_MINUTES,
  SILENT_MINUTES,
} from '../settings/conditions.ts';
import { enforcesSsl, type Settings } from '../settings/settings.ts';
import type { DrumlineFunction, StackContext } from './drumline-function.ts';

/**
 * When an alarm goes off: when its metric has at least the value `from` (or, with `below`, less than that) in `times` of
 * the last `of` periods.
 */
interface Rule {
  condition: ConditionName;
  /** What is added to the name of the condition, if it has several alarms. */
  part?: string;
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  statistic: 'Sum' | 'Maximum';
  minutes: number;
  times?: number;
  of?: number;
  from?: number;
  below?: number;
}

/**
 * Throttled invocations of the consumer within five minutes that are no reason for an alarm. AWS accepts no smaller maximum
 * than 2 for a mapping, so that a single worker is always throttled a little.
 */
const TOLERATED_THROTTLES = 300;

/** The functions that work without being asked. */
type Watched = Record<'consumer' | 'scheduler' | 'autoscaler', DrumlineFunction>;

/** The alarms. Each watches one metric, without metric math. They exist even if nobody is told about them. */
export class Alarms extends Construct {
  readonly alarms: Alarm[];

  constructor(scope: Construct, id: string, context: StackContext, functions: Watched) {
    super(scope, id);
    const actions = this.#topics(context).map((topic) => new SnsAction(topic));
    this.alarms = rulesOf(context, functions).map((rule) => this.#alarm(rule, context, actions));
  }

  #alarm(rule: Rule, { prefix, settings }: StackContext, actions: IAlarmAction[]): Alarm {
    const { condition, part, namespace, dimensions, statistic, minutes, times = 1, of = times } = rule;
    const { title, meaning, action } = CONDITIONS[condition];
    const name = [condition, part].filter(Boolean).join('-');
    const options = [settings.stage && `--stage ${settings.stage}`, '--target aws'].filter(Boolean).join(' ');
    const alarm = new Alarm(this, name, {
      alarmName: `${prefix}-${name}`,
      alarmDescription: `${title}. ${meaning} ${action} Add ${options} to the commands (docs/operating.md#${condition}).`,
      metric: new Metric({
        namespace,
        metricName: rule.metric,
        dimensionsMap: dimensions,
        statistic,
        period: Duration.minutes(minutes),
      }),
      threshold: rule.below ?? rule.from ?? 1,
      comparisonOperator:
        rule.below === undefined
          ? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
          : ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: of,
      datapointsToAlarm: times,
      // AWS sends most metrics only if they are not zero, or only if a queue or a function is used. Silence is good news,
      // except where the alarm asks for a minimum.
      treatMissingData:
        rule.below === undefined ? TreatMissingData.NOT_BREACHING : TreatMissingData.BREACHING,
    });
    alarm.addAlarmAction(...actions);
    alarm.addOkAction(...actions);
    return alarm;
  }

  /** The topics that receive the alarms: the one in the settings, and a new one with the address in the settings. */
  #topics({ prefix, settings }: StackContext): ITopic[] {
    const { alarmEmail, alarmTopic } = settings;
    return [
      ...(alarmTopic === '' ? [] : [Topic.fromTopicArn(this, 'ExistingTopic', alarmTopic)]),
      ...(alarmEmail === '' ? [] : [this.#emailTopic(prefix, settings)]),
    ];
  }

  #emailTopic(prefix: string, settings: Settings): Topic {
    const topic = new Topic(this, 'Topic', {
      displayName: `Drumline alarms of ${prefix}`,
      enforceSSL: enforcesSsl(settings),
    });
    topic.addSubscription(new EmailSubscription(settings.alarmEmail));
    // A topic with a policy of its own no longer has the default policy, under which CloudWatch may publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          ArnLike: {
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: `${prefix}-*`,
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
        },
      }),
    );
    Validations.of(topic).acknowledge({
      id: 'AwsSolutions-SNS2',
      reason:
        'CloudWatch cannot publish to a topic that is encrypted with the AWS managed key. The messages contain no data of jobs.',
    });
    if (!enforcesSsl(settings))
      Validations.of(topic).acknowledge({
        id: 'AwsSolutions-SNS3',
        reason:
          'An emulator on plain HTTP that enforces topic policies would refuse every request (setting enforceSsl).',
      });
    return topic;
  }
}

function rulesOf(
  { settings, queues, ledger }: StackContext,
  { consumer, scheduler, autoscaler }: Watched,
): Rule[] {
  const queue = (name: string) => ({ namespace: 'AWS/SQS', dimensions: { QueueName: name } });
  const lambda = ({ functionName }: DrumlineFunction) => ({
    namespace: 'AWS/Lambda',
    dimensions: { FunctionName: functionName },
  });
  const own = {
    namespace: METRIC_NAMESPACE,
    dimensions: { [METRIC_DIMENSION]: metricStageOf(settings) },
  };
  // With the operation as a second dimension, as ThrottledRequests has it, each operation would need its own alarm
  // ("DynamoDB metrics and dimensions").
  const table = { namespace: 'AWS/DynamoDB', dimensions: { TableName: ledger.table.tableName } };
  const sum = { statistic: 'Sum', minutes: 5 } as const;
  const lastsFor15Minutes = { times: 3 };
  return [
    {
      condition: 'dead-letters',
      ...queue(queues.deadLetters.queueName),
      metric: 'ApproximateNumberOfMessagesVisible',
      statistic: 'Maximum',
      minutes: 1,
    },
    // Y is a property of the run. So the autoscaler compares the wait with Y every minute, and not the alarm.
    { condition: 'overdue', ...own, metric: 'overdue', statistic: 'Maximum', minutes: 1, times: 3, of: 5 },
    { condition: 'consumer-errors', ...lambda(consumer), metric: 'Errors', ...sum },
    // With provisioned pollers the reserved concurrency is the only limit of the workers, so throttles are normal.
    ...(settings.minimumPollers === undefined && settings.maximumPollers === undefined
      ? [
          {
            condition: 'consumer-throttles' as const,
            ...lambda(consumer),
            metric: 'Throttles',
            ...sum,
            from: TOLERATED_THROTTLES,
            ...lastsFor15Minutes,
          },
        ]
      : []),
    {
      condition: 'consumer-duration',
      ...lambda(consumer),
      metric: 'Duration',
      statistic: 'Maximum',
      minutes: 5,
      // From this moment on, a worker starts no job and interrupts those that run.
      from: new TimeBudget(0, settings.consumerTimeoutSeconds * 1_000).workUntil,
      ...lastsFor15Minutes,
    },
    // A single failure does not matter: the next event does the same.
    { condition: 'scheduler-errors', ...lambda(scheduler), metric: 'Errors', ...sum, from: 2 },
    { condition: 'autoscaler-errors', ...lambda(autoscaler), metric: 'Errors', ...sum, from: 2 },
    { condition: 'scheduler-throttles', ...lambda(scheduler), metric: 'Throttles', ...sum },
    // Counted by Lambda and not by EventBridge, whose metrics are delivered on a best-effort basis ("Monitoring Amazon
    // EventBridge").
    {
      condition: 'no-firing',
      ...lambda(scheduler),
      metric: 'Invocations',
      statistic: 'Sum',
      minutes: 1,
      times: SILENT_MINUTES,
      below: 1,
    },
    // Both EventBridge and Lambda send here what they give up. Lambda's AsyncEventsDropped would count half of it.
    {
      condition: 'abandoned-events',
      ...queue(queues.abandonedEvents.queueName),
      metric: 'ApproximateNumberOfMessagesVisible',
      statistic: 'Maximum',
      minutes: 1,
    },
    // The SDK's own retries absorb short throttling.
    ...(['Read', 'Write'] as const).map((kind) => ({
      condition: 'ledger-throttles' as const,
      part: `${kind.toLowerCase()}s`,
      ...table,
      metric: `${kind}ThrottleEvents`,
      ...sum,
      ...lastsFor15Minutes,
    })),
    { condition: 'missed-ticks', ...own, metric: 'missedTicks', statistic: 'Sum', minutes: MISSED_MINUTES },
    // SQS's own figure, because it is SQS that deletes the messages.
    {
      condition: 'backlog-retention',
      ...queue(queues.jobs.queueName),
      metric: 'ApproximateAgeOfOldestMessage',
      statistic: 'Maximum',
      minutes: 5,
      from: Duration.days(MAX_WAIT_DAYS).toSeconds(),
    },
  ] as Rule[];
}
