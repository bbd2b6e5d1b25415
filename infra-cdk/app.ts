import { App } from 'aws-cdk-lib';
import { DrumlineStack } from './drumline-stack.ts';
import { readSettings, SettingError } from './settings/parse-settings.ts';

const app = new App();
try {
  const description = 'Drumline: X jobs every Y minutes, each counted exactly once';
  new DrumlineStack(app, readSettings(app.node), { description });
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
