import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DrumlineFunction } from './drumline-function.ts';
import type { Scheduler } from './scheduler.ts';
import type { StackContext } from './stack-context.ts';

/** The function that starts, changes and stops runs. */
export class Control extends DrumlineFunction {
  constructor(
    scope: Construct,
    id: string,
    { prefix, settings, ledger, results }: StackContext,
    scheduler: Scheduler,
  ) {
    super(scope, id, {
      prefix,
      settings,
      ledger,
      results,
      name: 'control',
      description: 'Starts, changes and stops runs',
      timeout: Duration.seconds(30),
      environment: {
        DRUMLINE_SCHEDULER: scheduler.function.functionName,
        DRUMLINE_INDEX_MONTHLY: String(settings.indexMonthly),
      },
    });
    this.allow(['lambda:InvokeFunction'], scheduler.function.functionArn);
  }
}
