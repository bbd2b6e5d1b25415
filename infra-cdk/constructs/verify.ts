import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DrumlineFunction } from './drumline-function.ts';
import type { StackContext } from './stack-context.ts';

/** The function that compares the ledger with the results. */
export class Verify extends DrumlineFunction {
  constructor(scope: Construct, id: string, { prefix, settings, ledger, results }: StackContext) {
    super(scope, id, {
      prefix,
      settings,
      ledger,
      results,
      name: 'verify',
      description: 'Compares the ledger with the results',
      timeout: Duration.minutes(5),
    });
  }
}
