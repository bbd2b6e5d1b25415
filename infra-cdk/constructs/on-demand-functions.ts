import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { mappingOf } from '../../functions/core/results/mapping.ts';
import { type Autoscaler, scalingEnvironment } from './autoscaler.ts';
import type { Consumer } from './consumer.ts';
import { DrumlineFunction, type StackContext } from './drumline-function.ts';
import type { Scheduler } from './scheduler.ts';

/** The function that reports the progress of a run, and finds jobs and results. */
export class Status extends DrumlineFunction {
  constructor(scope: Construct, id: string, context: StackContext, consumer: Consumer) {
    const { settings, items, queues } = context;
    const { jobs, deadLetters } = queues;
    super(scope, id, context, {
      name: 'status',
      description: 'Says how the run stands, and finds jobs',
      timeout: Duration.seconds(30),
      usesElasticsearch: true,
      environment: {
        DRUMLINE_JOBS_QUEUE: jobs.queueUrl,
        DRUMLINE_DEAD_LETTER_QUEUE: deadLetters.queueUrl,
        DRUMLINE_CONSUMER: consumer.function.functionName,
        DRUMLINE_MAX_ATTEMPTS: String(settings.maxAttempts),
        DRUMLINE_RETRY_BASE_SECONDS: String(settings.retryBaseSeconds),
        DRUMLINE_RETRY_CAP_SECONDS: String(settings.retryCapSeconds),
        ...scalingEnvironment(settings),
        ...items.environment,
      },
    });
    this.allow(['sqs:GetQueueAttributes'], jobs.queueArn, deadLetters.queueArn);
    this.allow(['lambda:GetFunctionConcurrency'], consumer.function.functionArn);
    items.grantRead(this);
  }
}

/** The function that starts, changes and stops runs, and sets the rule for the number of workers. */
export class Control extends DrumlineFunction {
  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    { scheduler, autoscaler }: { scheduler: Scheduler; autoscaler: Autoscaler },
  ) {
    super(scope, id, context, {
      name: 'control',
      description: 'Starts, changes and stops runs',
      timeout: Duration.seconds(30),
      usesElasticsearch: true,
      environment: {
        DRUMLINE_SCHEDULER: scheduler.function.functionName,
        DRUMLINE_AUTOSCALER: autoscaler.function.functionName,
        ...scalingEnvironment(context.settings),
        DRUMLINE_INDEX_MONTHLY: String(context.settings.indexMonthly),
        DRUMLINE_LIST: String(context.job.list),
        DRUMLINE_MAPPING: JSON.stringify(mappingOf(context.job)),
      },
    });
    this.allow(['lambda:InvokeFunction'], scheduler.function.functionArn, autoscaler.function.functionArn);
  }
}

/** The function that compares the ledger with the results. */
export class Verify extends DrumlineFunction {
  constructor(scope: Construct, id: string, context: StackContext) {
    super(scope, id, context, {
      name: 'verify',
      description: 'Compares the ledger with the results',
      timeout: Duration.minutes(5),
      usesElasticsearch: true,
    });
  }
}
