import {
  type App,
  CliCredentialsStackSynthesizer,
  DefaultStackSynthesizer,
  type IStackSynthesizer,
  Stack,
  type StackProps,
} from 'aws-cdk-lib';
import { Drumline } from './drumline.ts';
import { type Settings, stackNameOf } from './settings/settings.ts';

/** The stack that the `drumline` command deploys: the construct and its outputs, under the name that the command expects. */
export class DrumlineStack extends Stack {
  readonly drumline: Drumline;

  constructor(app: App, settings: Settings, props?: StackProps) {
    super(app, stackNameOf(settings), {
      // The CDK's own classes do not satisfy its own interface under exactOptionalPropertyTypes.
      synthesizer: (settings.bootstrapRoles
        ? new DefaultStackSynthesizer()
        : new CliCredentialsStackSynthesizer()) as IStackSynthesizer,
      ...props,
    });
    // The CDK omits the id "Default" from logical IDs (aws-cdk-lib, core/lib/private/uniqueid.js). A different id here
    // would change every logical ID, and CloudFormation would replace the table and the queues.
    this.drumline = new Drumline(this, 'Default', settings);
    this.drumline.addOutputs();
  }
}
