import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { DrumlineFunction } from './drumline-function.ts';
import { Ledger } from './ledger.ts';
import type { Parts } from './parts.ts';
import { Queues } from './queues.ts';

/** The function that enqueues the jobs of the ticks that are due, and the rule that asks it every minute. */
export class Scheduler extends DrumlineFunction {
  constructor(scope: Construct, id: string, { prefix, settings, queues, ledger }: Parts) {
    super(scope, id, {
      prefix,
      settings,
      name: 'scheduler',
      description: 'Enqueues the jobs of the ticks that are due',
      timeout: Duration.minutes(2),
      // Signing and sending 10,000 batches takes 10 s of a CPU; Lambda gives one with 1,769 MB.
      memoryMb: 1_024,
      environment: {
        ...ledger.environment,
        DRUMLINE_JOBS_QUEUE: queues.jobs.queueUrl,
        DRUMLINE_JOBS_PER_MESSAGE: String(settings.jobsPerMessage),
      },
    });
    this.allow([...Ledger.READ, ...Ledger.WRITE], ledger.table.tableArn);
    this.allow(Queues.SEND, queues.jobs.queueArn);
    // Itself, when time runs out before all is sent. By its name: a reference would go round in a circle.
    const itself = { service: 'lambda', resource: 'function', resourceName: `${prefix}-scheduler` };
    this.allow(
      ['lambda:InvokeFunction'],
      Stack.of(this).formatArn({ ...itself, arnFormat: ArnFormat.COLON_RESOURCE_NAME }),
    );
    new Rule(this, 'EveryMinute', {
      description: 'Asks the scheduler every minute what is due',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(this.function)],
    });
  }
}
