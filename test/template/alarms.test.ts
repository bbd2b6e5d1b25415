import { beforeEach, describe, expect, test, vi } from 'vitest';
import { METRICS } from '../../functions/core/model/metrics.ts';
import { CONDITIONS } from '../../infra-cdk/settings/conditions.ts';
import { ALARMS } from '../../plan/monitoring.ts';
import { only, readable, resourcesOf, synthesize } from './synthesis.ts';

beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  return () => vi.unstubAllEnvs();
});

interface AlarmProperties {
  AlarmName: string;
  AlarmDescription: string;
  Namespace: string;
  MetricName: string;
  Dimensions: { Name: string; Value: unknown }[];
  Statistic: string;
  Period: number;
  Threshold: number;
  ComparisonOperator: string;
  EvaluationPeriods: number;
  DatapointsToAlarm: number;
  TreatMissingData: string;
  AlarmActions?: unknown[];
  OKActions?: unknown[];
}

/** The alarms, by name without the prefix. */
function alarms(context: Record<string, unknown> = {}, prefix = 'drumline'): Record<string, AlarmProperties> {
  const found = Object.values(resourcesOf(synthesize(context), 'AWS::CloudWatch::Alarm'));
  return Object.fromEntries(
    found.map(({ Properties }) => {
      const alarm = Properties as unknown as AlarmProperties;
      expect(alarm.AlarmName.startsWith(`${prefix}-`)).toBe(true);
      return [alarm.AlarmName.slice(prefix.length + 1), alarm];
    }),
  );
}

/** An alarm as `Maximum of AWS/SQS X of QueueName=q >= 1, 1 of 1 × 60 s, missing notBreaching`. */
function rule(alarm: AlarmProperties): string {
  const of = alarm.Dimensions.map(({ Name, Value }) => `${Name}=${readable(Value)}`).join(' ');
  const sign = { GreaterThanOrEqualToThreshold: '>=', LessThanThreshold: '<' }[alarm.ComparisonOperator];
  return `${alarm.Statistic} of ${alarm.Namespace} ${alarm.MetricName} of ${of} ${sign} ${alarm.Threshold}, ${alarm.DatapointsToAlarm} of ${alarm.EvaluationPeriods} × ${alarm.Period} s, missing ${alarm.TreatMissingData}`;
}

test('each alarm watches one metric, without metric math', () => {
  const rules = Object.fromEntries(Object.entries(alarms()).map(([name, alarm]) => [name, rule(alarm)]));
  const consumer = 'FunctionName=drumline-consumer';
  const scheduler = 'FunctionName=drumline-scheduler';
  expect(rules).toEqual({
    'dead-letters':
      'Maximum of AWS/SQS ApproximateNumberOfMessagesVisible of QueueName=QueuesDeadLetters.QueueName >= 1, 1 of 1 × 60 s, missing notBreaching',
    overdue: 'Maximum of Drumline overdue of stage=Default >= 1, 3 of 5 × 60 s, missing notBreaching',
    'consumer-errors': `Sum of AWS/Lambda Errors of ${consumer} >= 1, 1 of 1 × 300 s, missing notBreaching`,
    'consumer-throttles': `Sum of AWS/Lambda Throttles of ${consumer} >= 300, 3 of 3 × 300 s, missing notBreaching`,
    'consumer-duration': `Maximum of AWS/Lambda Duration of ${consumer} >= 27500, 3 of 3 × 300 s, missing notBreaching`,
    'scheduler-errors': `Sum of AWS/Lambda Errors of ${scheduler} >= 2, 1 of 1 × 300 s, missing notBreaching`,
    'autoscaler-errors':
      'Sum of AWS/Lambda Errors of FunctionName=drumline-autoscaler >= 2, 1 of 1 × 300 s, missing notBreaching',
    'scheduler-throttles': `Sum of AWS/Lambda Throttles of ${scheduler} >= 1, 1 of 1 × 300 s, missing notBreaching`,
    'no-firing': `Sum of AWS/Lambda Invocations of ${scheduler} < 1, 3 of 3 × 60 s, missing breaching`,
    'abandoned-events':
      'Maximum of AWS/SQS ApproximateNumberOfMessagesVisible of QueueName=QueuesAbandonedEvents.QueueName >= 1, 1 of 1 × 60 s, missing notBreaching',
    'ledger-throttles-reads':
      'Sum of AWS/DynamoDB ReadThrottleEvents of TableName=LedgerTable >= 1, 3 of 3 × 300 s, missing notBreaching',
    'ledger-throttles-writes':
      'Sum of AWS/DynamoDB WriteThrottleEvents of TableName=LedgerTable >= 1, 3 of 3 × 300 s, missing notBreaching',
    'missed-ticks':
      'Sum of Drumline missedTicks of stage=Default >= 1, 1 of 1 × 3600 s, missing notBreaching',
    'backlog-retention':
      'Maximum of AWS/SQS ApproximateAgeOfOldestMessage of QueueName=QueuesJobs.QueueName >= 604800, 1 of 1 × 300 s, missing notBreaching',
  });
});

test('the plan knows their number', () => {
  expect(Object.keys(alarms())).toHaveLength(ALARMS);
});

test('each condition has an alarm, whose description has the words of the condition', () => {
  const all = alarms();
  for (const [name, { title, meaning, action }] of Object.entries(CONDITIONS)) {
    const own = Object.entries(all).filter(([alarm]) => alarm === name || alarm.startsWith(`${name}-`));
    expect(own.length, name).toBeGreaterThan(0);
    for (const [, { AlarmDescription }] of own) {
      for (const words of [title, meaning, action]) expect(AlarmDescription).toContain(words);
      // PutMetricAlarm's maximum.
      expect(AlarmDescription.length).toBeLessThanOrEqual(1_024);
    }
  }
});

test('the alarms follow the settings', () => {
  const demo = alarms({ stage: 'demo', consumerTimeoutSeconds: '4' }, 'drumline-demo');
  expect(demo.overdue?.Dimensions).toEqual([{ Name: 'stage', Value: 'demo' }]);
  expect(demo['consumer-duration']?.Threshold).toBe(3_000);
  // With provisioned pollers, throttles are normal.
  expect(alarms({ maximumPollers: '2' })).not.toHaveProperty('consumer-throttles');
});

describe('the receivers of the alarms', () => {
  const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:ops';
  const receivers = (context: Record<string, unknown>) => {
    const all = Object.values(alarms(context)).map(({ AlarmActions = [], OKActions = [] }) => {
      expect(OKActions).toEqual(AlarmActions);
      return AlarmActions.map(readable).join(' ');
    });
    expect(new Set(all).size).toBe(1);
    return all[0];
  };

  test.each([
    [{}, ''],
    [{ alarmEmail: 'ops@example.com' }, 'AlarmsTopic'],
    [{ alarmTopic: TOPIC }, TOPIC],
    [{ alarmTopic: TOPIC, alarmEmail: 'ops@example.com' }, `${TOPIC} AlarmsTopic`],
  ])('of %j are: %s', (context, expected) => {
    expect(receivers(context)).toBe(expected);
    synthesize(context).resourceCountIs('AWS::SNS::Topic', 'alarmEmail' in context ? 1 : 0);
  });

  test('get them by e-mail from a topic to which only this deployment’s alarms may publish, over TLS', () => {
    const template = synthesize({ alarmEmail: 'ops@example.com' });
    expect(only(template, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
    const { PolicyDocument } = only(template, 'AWS::SNS::TopicPolicy').Properties as {
      PolicyDocument: { Statement: { Effect: string; Principal: unknown; Condition: unknown }[] };
    };
    const [tls, publish, ...others] = PolicyDocument.Statement;
    expect(others).toEqual([]);
    expect(tls).toMatchObject({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
    expect(publish).toMatchObject({
      Effect: 'Allow',
      Action: 'sns:Publish',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
    });
    const { ArnLike, StringEquals } = (publish?.Condition ?? {}) as Record<string, Record<string, unknown>>;
    expect(readable(ArnLike?.['aws:SourceArn'])).toMatch(/:cloudwatch:.*:alarm:drumline-\*$/);
    expect(readable(StringEquals?.['aws:SourceAccount'])).toBe('{AWS::AccountId}');
  });
});

test('the dashboard shows the alarms and every metric of Drumline', () => {
  const { DashboardName, DashboardBody } = only(
    synthesize({ stage: 'demo' }),
    'AWS::CloudWatch::Dashboard',
  ).Properties;
  expect(DashboardName).toBe('drumline-demo');
  const { widgets } = JSON.parse(readable(DashboardBody)) as {
    widgets: { type: string; properties: { metrics?: unknown[][]; alarms?: unknown[] } }[];
  };
  expect(widgets[0]).toMatchObject({ type: 'alarm' });
  const shown = widgets.flatMap(({ properties }) => properties.metrics ?? []);
  const own = shown.flatMap(([namespace, name, ...dimensions]) =>
    namespace === 'Drumline' ? [[name, dimensions.slice(0, 2)]] : [],
  );
  expect(new Set(own.map(([name]) => name))).toEqual(new Set(Object.keys(METRICS)));
  for (const [, dimensions] of own) expect(dimensions).toEqual(['stage', 'demo']);
});

describe('tracing', () => {
  const modes = (context: Record<string, unknown>) =>
    Object.values(resourcesOf(synthesize(context), 'AWS::Lambda::Function')).map(
      ({ Properties }) => (Properties.TracingConfig as { Mode: string } | undefined)?.Mode,
    );
  const permissions = (context: Record<string, unknown>) =>
    JSON.stringify(synthesize(context).findResources('AWS::IAM::Policy')).match(/xray:\w+/g) ?? [];

  test('is off by default, without permissions', () => {
    expect(new Set(modes({}))).toEqual(new Set([undefined]));
    expect(permissions({})).toEqual([]);
  });

  test('of all functions is on with one setting, and needs two permissions', () => {
    expect(new Set(modes({ tracing: 'true' }))).toEqual(new Set(['Active']));
    expect(new Set(permissions({ tracing: 'true' }))).toEqual(
      new Set(['xray:PutTraceSegments', 'xray:PutTelemetryRecords']),
    );
  });
});
