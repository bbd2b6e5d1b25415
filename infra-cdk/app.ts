import {
  App,
  CliCredentialsStackSynthesizer,
  DefaultStackSynthesizer,
  type IStackSynthesizer,
} from 'aws-cdk-lib';
import { DrumlineStack } from './drumline.ts';
import { readSettings, SettingError, stackNameOf } from './settings/settings.ts';

const app = new App();
try {
  const settings = readSettings(app.node);
  new DrumlineStack(app, stackNameOf(settings), settings, {
    description: 'Drumline: X jobs every Y minutes, each counted exactly once',
    // The CDK's own classes don't fit its own interface under exactOptionalPropertyTypes.
    synthesizer: (settings.bootstrapRoles
      ? new DefaultStackSynthesizer()
      : new CliCredentialsStackSynthesizer()) as IStackSynthesizer,
  });
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
