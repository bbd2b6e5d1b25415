import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Consumer } from './consumer.ts';
import { DrumlineFunction } from './drumline-function.ts';
import type { StackContext } from './stack-context.ts';

/** The function that says how a run stands. */
export class Status extends DrumlineFunction {
  constructor(
    scope: Construct,
    id: string,
    { prefix, settings, queues, ledger }: StackContext,
    consumer: Consumer,
  ) {
    super(scope, id, {
      prefix,
      settings,
      ledger,
      name: 'status',
      description: 'Says how the run stands',
      timeout: Duration.seconds(15),
      environment: {
        DRUMLINE_JOBS_QUEUE: queues.jobs.queueUrl,
        DRUMLINE_DEAD_LETTER_QUEUE: queues.deadLetters.queueUrl,
        DRUMLINE_CONSUMER: consumer.function.functionName,
      },
    });
    this.allow(['sqs:GetQueueAttributes'], queues.jobs.queueArn, queues.deadLetters.queueArn);
    this.allow(['lambda:GetFunctionConcurrency'], consumer.function.functionArn);
  }
}
