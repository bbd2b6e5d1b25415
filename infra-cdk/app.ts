import {
  App,
  CliCredentialsStackSynthesizer,
  DefaultStackSynthesizer,
  type IStackSynthesizer,
  Stack,
} from 'aws-cdk-lib';
import { Drumline } from './drumline.ts';
import { readSettings, SettingError } from './settings/parse-settings.ts';
import { stackNameOf } from './settings/settings.ts';

const app = new App();
try {
  const settings = readSettings(app.node);
  const stack = new Stack(app, stackNameOf(settings), {
    description: 'Drumline: X jobs every Y minutes, each counted exactly once',
    // The CDK's own classes do not satisfy its own interface under exactOptionalPropertyTypes.
    synthesizer: (settings.bootstrapRoles
      ? new DefaultStackSynthesizer()
      : new CliCredentialsStackSynthesizer()) as IStackSynthesizer,
  });
  // The CDK omits the id "Default" from logical IDs (aws-cdk-lib, core/lib/private/uniqueid.js). A different id here would
  // change every logical ID, and CloudFormation would replace the table and the queues.
  new Drumline(stack, 'Default', settings).addOutputs();
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
