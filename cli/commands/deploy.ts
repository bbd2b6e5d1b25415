import type { Command } from 'commander';
import { withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { MAX_WORKERS } from '../../plan/aws-limits.ts';
import { counted } from '../../text/format.ts';
import { action, type Call } from '../cloud/call.ts';
import { deploy } from '../cloud/deploy.ts';
import { describeSettings, type GivenSettings, readAssignments } from '../cloud/settings.ts';
import { collect, elasticsearchUrl, int } from '../terminal/options.ts';

interface Options {
  concurrency?: number;
  workMs?: number;
  jobsPerMessage?: number;
  batchSize?: number;
  elasticsearch?: string;
  context?: string[];
  verbose?: boolean;
}

export function register(program: Command): void {
  program
    .command('deploy')
    .summary('deploy the stack, or update it')
    .description(
      'Deploys the stack with the CDK. Settings are in cdk.json; a setting given here applies until the next ' +
        'deploy. The running concurrency does not change unless another one is given.',
    )
    .option('--concurrency <n>', 'maximum number of concurrent workers', int(1, MAX_WORKERS))
    .option(
      '--work-ms <n>',
      'time that a job of the default functions/job.ts waits, in milliseconds',
      int(0, 600_000),
    )
    .option('--jobs-per-message <n>', 'maximum number of jobs per message', int(1, 500))
    .option('--batch-size <n>', 'maximum number of messages per batch', int(1, 10_000))
    .option(
      '--elasticsearch <url>',
      'Elasticsearch 8 for the results; the functions must be able to reach it',
      elasticsearchUrl,
    )
    .option('-c, --context <name=value>', 'any setting; may be repeated', collect)
    .option('--verbose', 'print the CDK’s output')
    .addHelpText(
      'after',
      () => `
Settings, with their current values from cdk.json:
${describeSettings()}

Examples:
  npx drumline deploy --concurrency 4
  npx drumline deploy -c maxAttempts=3 -c logLevel=DEBUG
  npx drumline deploy --target aws --elasticsearch https://elasticsearch.example.com -c elasticsearchApiKeySecret=drumline/es`,
    )
    .action(action(run));
}

async function run(call: Call, options: Options): Promise<void> {
  const { deployment, concurrency } = await deploy(call, givenBy(options), options.verbose);
  const { target, functions, elasticsearchUrl: url, index, workMs } = deployment;
  const document = {
    stack: target.stackName,
    concurrency,
    workMs,
    elasticsearchUrl: withoutCredentials(url),
    index,
    functions,
  };
  call.output.result(document, () =>
    [
      `${target.stackName} is deployed, with up to ${counted(concurrency, 'concurrent worker')}.`,
      `Next: ${target.command('start --x 1000 --y 1')}`,
    ].join('\n'),
  );
}

/** The settings that the options give. An option of its own name overrides `-c`. */
export function givenBy(options: Options): GivenSettings {
  const short = {
    concurrency: options.concurrency,
    workMs: options.workMs,
    jobsPerMessage: options.jobsPerMessage,
    batchSize: options.batchSize,
    elasticsearchUrl: options.elasticsearch,
  };
  const given = Object.entries(short).filter(([, value]) => value !== undefined);
  return {
    ...readAssignments(options.context ?? []),
    ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
  };
}
