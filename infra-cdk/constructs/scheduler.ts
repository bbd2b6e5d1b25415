import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { metricStageOf } from '../../functions/core/model/metrics.ts';
import type { Capacity } from '../../functions/core/model/packing.ts';
import { MAX_LATENESS_MS } from '../../functions/core/model/schedule.ts';
import { mostWorkersOf } from '../settings/setting-problems.ts';
import type { Settings } from '../settings/settings.ts';
import { autoscalerNameOf } from './autoscaler.ts';
import type { Consumer } from './consumer.ts';
import { DrumlineFunction, type StackContext } from './drumline-function.ts';
import { functionArn } from './function-arn.ts';
import { readerNameOf } from './reader.ts';

/**
 * How long an event may take to reach the scheduler. An older event is useless: the rule has already sent newer ones, and
 * each event fires all ticks that are due, also late ones. EventBridge accepts 1 minute to 24 hours (its API reference,
 * "RetryPolicy"), Lambda 1 minute to 6 hours (its API reference, "FunctionEventInvokeConfig"). Both default to the maximum.
 */
const MAX_EVENT_AGE = Duration.millis(MAX_LATENESS_MS);

/**
 * How many times EventBridge retries the delivery of an event to Lambda within that age. The default is 185 times in 24
 * hours ("How EventBridge retries delivering events").
 */
const DELIVERY_RETRIES = 3;

/**
 * How many times Lambda retries the scheduler for an event that it failed for. The first retry comes after a minute, the
 * second two minutes later ("How Lambda handles errors and retries with asynchronous invocation"), when the event is
 * too old.
 */
const INVOCATION_RETRIES = 1;

/** The function that enqueues the jobs of the ticks that are due, and the rule that invokes it every minute. */
export class Scheduler extends DrumlineFunction {
  readonly everyMinute: Rule;

  constructor(scope: Construct, id: string, context: StackContext, consumer: Consumer) {
    const { prefix, settings, queues } = context;
    super(scope, id, context, {
      name: 'scheduler',
      description: 'Enqueues the jobs of the ticks that are due',
      timeout: Duration.minutes(2),
      // Signing and sending 10,000 batches takes 10 s of a CPU; Lambda gives one with 1,769 MB.
      memoryMb: 1_024,
      environment: {
        DRUMLINE_STAGE: metricStageOf(settings),
        DRUMLINE_JOBS_QUEUE: queues.jobs.queueUrl,
        DRUMLINE_JOBS_PER_MESSAGE: String(settings.jobsPerMessage),
        DRUMLINE_PACKING: JSON.stringify(capacityOf(settings)),
        DRUMLINE_AUTOSCALE: settings.autoscale,
        DRUMLINE_READER: readerNameOf(prefix),
        DRUMLINE_AUTOSCALER: autoscalerNameOf(prefix),
      },
    });
    this.allow(['sqs:SendMessage'], queues.jobs.queueArn);
    // The scheduler invokes itself when its time ends before all jobs are sent, the reader when a tick needs items, and the
    // autoscaler when a tick is claimed.
    this.allow(
      ['lambda:InvokeFunction'],
      functionArn(this, this.functionName),
      functionArn(this, readerNameOf(prefix)),
      functionArn(this, autoscalerNameOf(prefix)),
    );
    this.updateAfter(consumer);
    this.everyMinute = new Rule(this, 'EveryMinute', {
      description: 'Asks every minute which ticks are due, and how many workers there should be',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [
        new LambdaFunction(this.function, {
          maxEventAge: MAX_EVENT_AGE,
          retryAttempts: DELIVERY_RETRIES,
          deadLetterQueue: queues.abandonedEvents,
        }),
      ],
    });
    this.function.configureAsyncInvoke({
      maxEventAge: MAX_EVENT_AGE,
      retryAttempts: INVOCATION_RETRIES,
      // The CDK's own SqsDestination would also let the function read the queue's attributes.
      onFailure: { bind: () => ({ destination: queues.abandonedEvents.queueArn }) },
    });
    // Lambda sends to a destination with the function's role.
    this.allow(['sqs:SendMessage'], queues.abandonedEvents.queueArn);
  }
}

/** What the scheduler needs to know about the consumer to pack jobs. */
function capacityOf(settings: Settings): Capacity {
  const { batchSize, jobConcurrency, consumerTimeoutSeconds } = settings;
  return {
    batchSize,
    jobConcurrency,
    timeoutMs: consumerTimeoutSeconds * 1_000,
    workers: mostWorkersOf(settings),
  };
}
