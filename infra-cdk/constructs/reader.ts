import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Consumer } from './consumer.ts';
import { DrumlineFunction, type StackContext } from './drumline-function.ts';
import type { Scheduler } from './scheduler.ts';

/** The reader's name, which the scheduler needs before the reader exists. @param prefix of the deployment's names */
export function readerNameOf(prefix: string): string {
  return `${prefix}-reader`;
}

/**
 * How long the event that invokes the reader may wait in Lambda. After that time, the scheduler invokes the reader again if
 * nobody reads.
 */
const MAX_EVENT_AGE = Duration.minutes(2);

/** The function that reads the job's list. The scheduler invokes it for each pass, and it invokes the scheduler at its end. */
export class Reader extends DrumlineFunction {
  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    { consumer, scheduler }: { consumer: Consumer; scheduler: Scheduler },
  ) {
    super(scope, id, context, {
      name: 'reader',
      description: 'Reads the list of the job’s items',
      // The maximum of Lambda. A longer list is read by several invocations, one after the other.
      timeout: Duration.minutes(15),
      memoryMb: 512,
      runsJob: true,
      environment: {
        ...context.items.environment,
        DRUMLINE_SCHEDULER: scheduler.function.functionName,
        DRUMLINE_WORK_MS: String(context.settings.workMs),
      },
    });
    context.items.grantWrite(this);
    this.allow(['lambda:InvokeFunction'], scheduler.function.functionArn);
    // The scheduler decides whether a pass is read again, so Lambda neither retries nor keeps a failed event.
    this.function.configureAsyncInvoke({ maxEventAge: MAX_EVENT_AGE, retryAttempts: 0 });
    this.updateAfter(consumer);
  }
}
