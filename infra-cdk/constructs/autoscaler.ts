import { Duration } from 'aws-cdk-lib';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { metricStageOf } from '../../functions/core/model/metrics.ts';
import type { Settings } from '../settings/settings.ts';
import type { Consumer } from './consumer.ts';
import { DrumlineFunction, type StackContext } from './drumline-function.ts';
import type { Scheduler } from './scheduler.ts';

/** The autoscaler's name, which the scheduler needs before the autoscaler exists. @param prefix of the deployment's names */
export function autoscalerNameOf(prefix: string): string {
  return `${prefix}-autoscaler`;
}

/**
 * How long an event may wait for the autoscaler. The rule has sent a newer one by then. It is the minimum that
 * EventBridge and Lambda accept (their API references, "RetryPolicy" and "FunctionEventInvokeConfig").
 */
const MAX_EVENT_AGE = Duration.minutes(1);

/** The function that decides how many workers there are. It may change the consumer's concurrency, and nothing else of it. */
export class Autoscaler extends DrumlineFunction {
  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    { consumer, scheduler }: { consumer: Consumer; scheduler: Scheduler },
  ) {
    const { settings, queues } = context;
    super(scope, id, context, {
      name: 'autoscaler',
      description: 'Decides how many workers there are',
      // AWS takes up to a minute to change an event source mapping. Another invocation may have to be waited for.
      timeout: Duration.minutes(2),
      environment: {
        DRUMLINE_STAGE: metricStageOf(settings),
        DRUMLINE_JOBS_QUEUE: queues.jobs.queueUrl,
        DRUMLINE_CONSUMER: consumer.function.functionName,
        DRUMLINE_EVENT_SOURCE_MAPPING: consumer.mapping?.id ?? '',
        ...scalingEnvironment(settings),
      },
    });
    this.allow(['sqs:GetQueueAttributes'], queues.jobs.queueArn);
    this.allow(
      ['lambda:GetFunctionConcurrency', 'lambda:PutFunctionConcurrency'],
      consumer.function.functionArn,
    );
    if (consumer.mapping)
      this.allow(['lambda:GetEventSourceMapping', 'lambda:UpdateEventSourceMapping'], consumer.mapping.arn);
    scheduler.everyMinute.addTarget(
      new LambdaFunction(this.function, { maxEventAge: MAX_EVENT_AGE, retryAttempts: 0 }),
    );
    // The next event does the same with newer figures, so none is kept.
    this.function.configureAsyncInvoke({ maxEventAge: MAX_EVENT_AGE, retryAttempts: 0 });
  }
}

/** The variables of the settings for scaling. */
export function scalingEnvironment({ autoscale, drainWithinSeconds }: Settings): Record<string, string> {
  return {
    DRUMLINE_AUTOSCALE: autoscale,
    DRUMLINE_DRAIN_WITHIN_SECONDS: String(drainWithinSeconds ?? ''),
  };
}
