import type { Command } from 'commander';
import { isFixed } from '../../functions/core/model/scaling.ts';
import { withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { action, type Call } from '../cloud/call.ts';
import { deploy } from '../cloud/deploy.ts';
import type { Preflight } from '../cloud/preflight.ts';
import { describeSettings, type GivenSettings, readAssignments } from '../cloud/settings.ts';
import { watchJob } from '../cloud/watch-job.ts';
import { UsageError } from '../terminal/errors.ts';
import { ruleText } from '../terminal/format.ts';
import {
  concurrencyOption,
  contextOption,
  elasticsearchUrl,
  int,
  jobsPerMessage,
} from '../terminal/options.ts';

interface Options {
  concurrency?: number;
  workMs?: number;
  jobsPerMessage?: number | 'auto';
  batchSize?: number;
  elasticsearch?: string;
  context?: string[];
  verbose?: boolean;
  watch?: boolean;
  yes?: boolean;
}

export function register(program: Command): void {
  program
    .command('deploy')
    .summary('deploy the stack, or update it')
    .description(
      'Deploys the stack with the CDK. Settings come from cdk.json. An option overrides a setting until the next ' +
        'deploy. The number of workers of the running system, or its rule for it, does not change unless an option ' +
        'or a new setting sets it. On AWS, deploy checks the account before it creates anything, and asks before the ' +
        'stack gets more permissions.',
    )
    .addOption(concurrencyOption())
    .option(
      '--work-ms <n>',
      'time that a job waits in the default functions/job.ts, in milliseconds',
      int(0, 600_000),
    )
    .option('--jobs-per-message <n>', 'maximum number of jobs per message, or auto', jobsPerMessage)
    .option('--batch-size <n>', 'maximum number of messages per batch', int(1, 10_000))
    .option(
      '--elasticsearch <url>',
      'URL of Elasticsearch 8 for the results, reachable by the functions',
      elasticsearchUrl,
    )
    .addOption(contextOption())
    .option('--watch', 'deploy each edit of the job until Ctrl-C (local cloud only)')
    .option('--verbose', 'print the output of the CDK')
    .option('--yes', 'do not ask before permissions are widened (AWS only)')
    .addHelpText(
      'after',
      () => `
Settings, with their current values from cdk.json:
${describeSettings()}

Examples:
  npx drumline deploy --concurrency 4
  npx drumline deploy -c autoscale=1:20
  npx drumline deploy -c maxAttempts=3 -c logLevel=DEBUG
  npx drumline deploy --target aws --elasticsearch https://elasticsearch.example.com -c elasticsearchApiKeySecret=drumline/es`,
    )
    .action(action(run));
}

async function run(call: Call, options: Options): Promise<void> {
  if (options.watch) requireWatchable(call);
  const startedAt = Date.now();
  const deployed = await deploy(call, givenBy(options), { verbose: options.verbose, yes: options.yes });
  const { deployment, rule, concurrency, preflight } = deployed;
  const { target, functions, elasticsearchUrl: url, index, workMs } = deployment;
  const document = {
    stack: target.stackName,
    concurrency,
    rule,
    workMs,
    elasticsearchUrl: withoutCredentials(url),
    index,
    functions,
    activeRun: preflight.activeRun ?? null,
    warnings: preflight.warnings,
  };
  call.output.result(document, () =>
    [
      `${target.stackName} is deployed, with ${isFixed(rule) ? 'up to ' : ''}${ruleText(rule)}.`,
      `Next: ${target.command(nextCommand(preflight))}`,
    ].join('\n'),
  );
  if (options.watch) await watchJob(call, givenBy(options), deployed, startedAt);
}

/** `start` would refuse while a run is active. */
function nextCommand({ activeRun, job }: Preflight): string {
  if (activeRun) return 'status --watch';
  return job.list ? 'start --y 5' : 'start --x 1000 --y 1';
}

/** @throws UsageError for a cloud where CloudFormation must know of every change */
function requireWatchable({ target }: Call): void {
  if (target.name === 'local') return;
  throw new UsageError('--watch works on the local cloud only.', `Omit --target ${target.name}.`);
}

/** The settings that the options set. `--concurrency 4` overrides `-c concurrency=2`. */
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
