import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { TARGETS, type TargetName } from '../../cli/cloud/target.ts';
import { stage } from '../../cli/terminal/options.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';

interface Options {
  target: TargetName;
  stage?: string;
  elasticsearch?: string;
}

const program = new Command('npm run test:e2e --')
  .description(
    'Runs the end-to-end suite against a target: the local cloud (one of the suite’s own), LocalStack (in containers, ' +
      'or the one that AWS_ENDPOINT_URL names), or AWS. Tests that can’t hold on a target are skipped, and say why.',
  )
  .addOption(new Option('--target <cloud>', 'where').choices(TARGETS).default('local'))
  .addOption(
    new Option(
      '--stage <name>',
      'which stack, where the cloud is not the suite’s own; e2e on LocalStack',
    ).argParser(stage),
  )
  .option(
    '--elasticsearch <url>',
    'for a LocalStack of your own: an Elasticsearch 8 that its functions reach',
  )
  .argument('[files...]', 'which test files, all unless named; options that are not known here are vitest’s')
  .allowUnknownOption()
  .addHelpText(
    'after',
    `
On AWS it needs --stage, and DRUMLINE_TEST_ON_AWS=yes: it costs money, and overwrites what that stage has.

Example: LocalStack as it runs already, one file
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 npm run test:e2e -- --target localstack \\
    --elasticsearch http://127.0.0.1:9200 test/e2e/pipeline.test.ts`,
  )
  .parse();

const { target, stage: name, elasticsearch } = program.opts<Options>();
const vitest = spawn(
  join(PROJECT, 'node_modules', '.bin', 'vitest'),
  [
    'run',
    '--project',
    'e2e',
    '--project',
    'e2e-outages',
    ...(target === 'local' ? [] : ['--reporter', 'verbose']),
    ...program.args,
  ],
  {
    cwd: PROJECT,
    env: {
      ...process.env,
      DRUMLINE_TEST_TARGET: target,
      ...(name !== undefined && { DRUMLINE_TEST_STAGE: name }),
      ...(elasticsearch !== undefined && { DRUMLINE_TEST_ELASTICSEARCH: elasticsearch }),
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
    stdio: 'inherit',
  },
);
// Ctrl-C reaches vitest as well, which cleans up behind itself; wait for it.
process.on('SIGINT', () => {});
vitest.on('close', (code) => {
  process.exitCode = code ?? 1;
});
