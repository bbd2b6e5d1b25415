import { App } from 'aws-cdk-lib';
import { fileContext } from '../../cli/cloud/settings.ts';
import { DrumlineStack } from '../../infra-cdk/drumline-stack.ts';
import { parseSettings } from '../../infra-cdk/settings/parse-settings.ts';

/**
 * A CDK app with a stack for each element of DRUMLINE_TEST_STAGES, a JSON array of settings. One app synthesizes and
 * deploys them all in the time of two or three `drumline deploy`, and bundles each job file once.
 */
const app = new App();
for (const given of JSON.parse(process.env.DRUMLINE_TEST_STAGES ?? '[]')) {
  new DrumlineStack(app, parseSettings({ ...fileContext(), ...given }));
}
