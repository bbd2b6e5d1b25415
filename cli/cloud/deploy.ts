import type { Stack } from '@aws-sdk/client-cloudformation';
import { parseRule, type ScalingRule } from '../../functions/core/model/scaling.ts';
import type { ScalingStatus } from '../../functions/core/scaling/scaling-status.ts';
import { isLoopback } from '../../infra-cdk/settings/setting-problems.ts';
import type { Settings } from '../../infra-cdk/settings/settings.ts';
import { inspect } from '../../local/cloud.ts';
import { ELASTICSEARCH_FOR_CONTAINERS } from '../../local/containers/containers.ts';
import { CommandError, UsageError } from '../terminal/errors.ts';
import { ruleText } from '../terminal/format.ts';
import type { Call } from './call.ts';
import { type Assembly, bootstrap, deployStack, synthesizeStack } from './cdk.ts';
import { isCodeUpdated, restoreCode } from './code-update.ts';
import { readReserved } from './concurrency.ts';
import { type Deployment, findCurrentDeployment, findStack, readDeployment } from './deployment.ts';
import { readStatus } from './invoke.ts';
import { activeRunText, type Preflight, preflight } from './preflight.ts';
import { scale } from './scale.ts';
import { effectiveSettings, fileContext, type GivenSettings } from './settings.ts';
import { addedNames, readTemplate } from './template.ts';

/** A deployment, its maximum number of concurrent workers, and what was known before it. */
export interface Deployed {
  deployment: Deployment;
  rule: ScalingRule;
  concurrency: number;
  preflight: Preflight;
}

export interface DeployOptions {
  /** Whether to print the output of the CDK. */
  verbose?: boolean | undefined;
  /** Whether the user consents to wider permissions in advance. */
  yes?: boolean | undefined;
}

/**
 * Deploys the stack. The running system's number of workers, or its rule for it, overrides cdk.json, unless an option or
 * a new setting sets it: a deployment must not shrink a system that was scaled up.
 * @throws SettingError for a wrong setting, and CommandError for an error in the job, before anything is done
 */
export async function deploy(
  call: Call,
  given: GivenSettings,
  { verbose = false, yes = false }: DeployOptions = {},
): Promise<Deployed> {
  const { target, signal, step } = call;
  const { bootstrapRoles } = effectiveSettings(given);
  requireReachableElasticsearch(call, given);
  // This comes first because it fails if the cloud is not running.
  const deployed = await findCurrentDeployment(target, signal);
  const running = deployed && (await readReserved(deployed, signal));
  const before = deployed && (await scalingBefore(deployed, signal));
  const context = {
    ...given,
    stage: target.stage,
    ...(target.name === 'local' && { elasticsearchUrl: await localElasticsearch(call, given, deployed) }),
    ...(target.name === 'localstack' && { elasticsearchUrl: localstackElasticsearch(call, given, deployed) }),
    ...(running && given.concurrency === undefined && { concurrency: String(running) }),
  };
  const checked = await step(`Checking ${effectiveSettings(context).jobFile}`, () =>
    preflight(call, effectiveSettings(context), deployed),
  );
  sayActiveRun(call, checked);
  const stack = await findStack(target, target.stackName, signal);
  const isFirst = !stack || FAILED_CREATION.test(stack.StackStatus ?? '');
  const assembly =
    target.name === 'aws' ? await reviewOnAws(call, context, checked, { isFirst, verbose, yes }) : undefined;
  if (isFirst) await sayLeftovers(call, stack, effectiveSettings(context));
  await bootstrap(call, bootstrapRoles, verbose);
  await step(`Deploying ${target.stackName}`, () => deployStack(call, assembly ?? context, verbose));
  const deployment = await readDeployment(target, signal);
  const settings = effectiveSettings(context);
  if (isCodeUpdated(target)) await restoreCode(deployment, settings.jobFile, signal);
  // CloudFormation compares templates. It does not see that the autoscaler has changed the running system.
  const rule = ruleAfterDeploy(given, settings, before);
  const { concurrency } = await step(`Scaling to ${ruleText(rule)}`, () => scale(deployment, signal, rule));
  return { deployment, rule, concurrency: concurrency ?? settings.concurrency, preflight: checked };
}

/** The scaling before the deployment; undefined if the deployed system cannot be asked. */
async function scalingBefore(deployed: Deployment, signal: AbortSignal): Promise<ScalingStatus | undefined> {
  try {
    return (await readStatus(deployed, signal)).scaling;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/**
 * The rule for the number of workers after a deployment: that of an option, or of a setting in cdk.json that is new, or
 * that of the running system, or the fixed number of the settings.
 * @param given the options
 * @param settings what is deployed, with the running concurrency
 * @param before the scaling of the running system
 */
export function ruleAfterDeploy(
  given: Pick<GivenSettings, 'autoscale' | 'concurrency'>,
  settings: Pick<Settings, 'autoscale' | 'concurrency'>,
  before: Pick<ScalingStatus, 'rule' | 'setting'> | undefined,
): ScalingRule {
  const { autoscale, concurrency } = settings;
  const fixed = { min: concurrency, max: concurrency };
  if (given.autoscale) return parseRule(autoscale);
  if (given.concurrency !== undefined || given.autoscale === '') return fixed;
  if (autoscale !== '' && autoscale !== before?.setting) return parseRule(autoscale);
  return before?.rule ?? fixed;
}

/** The states of a stack whose first deployment has failed. The CDK deletes such a stack before it creates a new one. */
const FAILED_CREATION = /^(ROLLBACK_(COMPLETE|FAILED)|CREATE_FAILED|REVIEW_IN_PROGRESS)$/;

/**
 * Checks the account, and has the user confirm the permissions, before anything is created.
 * @throws CommandError `account_not_ready` or `not_confirmed`
 */
async function reviewOnAws(
  call: Call,
  context: Record<string, string>,
  { job }: Preflight,
  { isFirst, verbose, yes }: { isFirst: boolean; verbose: boolean; yes: boolean },
): Promise<Assembly> {
  const { target, step, signal } = call;
  // Only this target needs the modules, and they take a tenth of a second each to load.
  const [account, { reviewPermissions }] = await Promise.all([
    import('./check-account.ts'),
    import('./review-permissions.ts'),
  ]);
  const secrets = Object.values(job.needs.secrets);
  await step('Checking the account', async () =>
    account.requireChecks(await account.checkAccount(target, effectiveSettings(context), secrets, signal)),
  );
  const [assembly, deployed] = await step('Building the stack', () =>
    Promise.all([
      synthesizeStack(call, context, verbose),
      isFirst ? undefined : readTemplate(target, target.stackName, signal),
    ]),
  );
  account.requireChecks(await account.checkNames(target, addedNames(deployed, assembly.template), signal));
  await reviewPermissions(call, deployed, assembly.template, yes);
  return assembly;
}

/** Tells the user what an earlier stack has left, before a first deployment. */
async function sayLeftovers(
  { output, target, signal }: Call,
  failed: Stack | undefined,
  { ledgerTable }: Settings,
): Promise<void> {
  if (failed)
    output.say(`The first deployment failed (${failed.StackStatus}). The rest of it is deleted first.`);
  if (ledgerTable !== '') return;
  const { findLedgers } = await import('./kept-data.ts');
  const ledgers = await findLedgers(target, signal);
  if (ledgers.length === 0) return;
  output.say(
    output.messageColors.yellow(
      `This deployment starts with a new ledger. An earlier one was kept: ${ledgers.join(', ')}. To continue with it, deploy with -c ledgerTable=NAME -c itemsBucket=NAME.`,
    ),
  );
}

function sayActiveRun({ output }: Call, { activeRun, warnings }: Preflight): void {
  if (activeRun) output.say(activeRunText(activeRun));
  for (const warning of warnings) output.say(output.messageColors.yellow(warning));
}

/** The given Elasticsearch, or the local cloud's own if it is running, or the deployed one. */
async function localElasticsearch(
  { target }: Call,
  given: GivenSettings,
  deployed: Deployment | undefined,
): Promise<string> {
  if (given.elasticsearchUrl !== undefined) return given.elasticsearchUrl;
  const { elasticsearch } = await inspect(target.home);
  if (elasticsearch.running) return target.home.elasticsearchUrl;
  if (deployed && deployed.elasticsearchUrl !== target.home.elasticsearchUrl)
    return deployed.elasticsearchUrl;
  throw new CommandError(
    'no_elasticsearch',
    'The local cloud’s Elasticsearch is not running.',
    'npx drumline up, or use another Elasticsearch: npx drumline deploy --elasticsearch URL',
  );
}

/** The given Elasticsearch, or that of the compose file. With the user's own LocalStack: the given or the deployed one. */
export function localstackElasticsearch(
  { target }: Pick<Call, 'target'>,
  given: GivenSettings,
  deployed: Pick<Deployment, 'elasticsearchUrl'> | undefined,
): string {
  const url =
    given.elasticsearchUrl ?? (target.isManaged ? ELASTICSEARCH_FOR_CONTAINERS : deployed?.elasticsearchUrl);
  if (url !== undefined) return url;
  throw new CommandError(
    'no_elasticsearch',
    'Drumline does not know which Elasticsearch to use with your LocalStack.',
    `Name one that its functions can reach: ${target.command('deploy --elasticsearch URL')}`,
  );
}

function requireReachableElasticsearch({ target }: Call, given: GivenSettings): void {
  if (target.name !== 'aws') return;
  const url = new URL(given.elasticsearchUrl ?? String(fileContext().elasticsearchUrl ?? 'http://localhost'));
  if (!isLoopback(url.hostname)) return;
  throw new UsageError(
    `Functions on AWS can’t reach an Elasticsearch on this machine (${url.origin}).`,
    'Name one that they can reach with --elasticsearch URL, or with elasticsearchUrl in cdk.json.',
  );
}
