import { inspect } from '../../local/cloud.ts';
import { ELASTICSEARCH_FOR_CONTAINERS } from '../../local/containers/containers.ts';
import { CommandError, UsageError } from '../terminal/errors.ts';
import type { Call } from './call.ts';
import { bootstrap, deployStack } from './cdk.ts';
import { readConcurrency, setConcurrency } from './concurrency.ts';
import { type Deployment, findDeployment, readDeployment } from './deployment.ts';
import { effectiveSettings, fileContext, type Given } from './settings.ts';

/** A deployment, and how many workers it may run at a time. */
export interface Deployed {
  deployment: Deployment;
  concurrency: number;
}

/**
 * Deploys the stack. The running concurrency stays unless another is given, whatever cdk.json says: a system that was
 * scaled up must not shrink because its code was deployed.
 * @throws SettingError before anything is done, when a setting is wrong
 */
export async function deploy(call: Call, given: Given, verbose = false): Promise<Deployed> {
  const { target, signal, step } = call;
  effectiveSettings(given);
  requireReachableElasticsearch(call, given);
  // Asked first: it tells, too, whether the cloud is there at all.
  const deployed = await findDeployment(target, signal).catch(otherVersion);
  const running = deployed && (await readConcurrency(deployed, signal)).reserved;
  const context = {
    ...given,
    stage: target.stage,
    ...(target.name === 'local' && { elasticsearchUrl: await localElasticsearch(call, given, deployed) }),
    ...(target.name === 'localstack' && { elasticsearchUrl: localstackElasticsearch(call, given, deployed) }),
    ...(running && given.concurrency === undefined && { concurrency: String(running) }),
  };
  await bootstrap(call, verbose);
  await step(`Deploying ${target.stackName}`, () => deployStack(call, context, verbose));
  const deployment = await readDeployment(target, signal);
  const concurrency = effectiveSettings(context).concurrency;
  // CloudFormation compares with the last template, not with what runs: what `scale` has changed since, it leaves.
  await setConcurrency(deployment, concurrency, signal);
  return { deployment, concurrency };
}

/** The functions' Elasticsearch: as given, else the local cloud's own, else (it does not run) as deployed. */
async function localElasticsearch(
  { target }: Call,
  given: Given,
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
    'npx drumline up, or name your own: npx drumline deploy --elasticsearch URL',
  );
}

/** As given, else the one beside LocalStack in the compose file; beside a LocalStack of the user's own, as deployed. */
export function localstackElasticsearch(
  { target }: Pick<Call, 'target'>,
  given: Given,
  deployed: Pick<Deployment, 'elasticsearchUrl'> | undefined,
): string {
  const url =
    given.elasticsearchUrl ?? (target.isManaged ? ELASTICSEARCH_FOR_CONTAINERS : deployed?.elasticsearchUrl);
  if (url !== undefined) return url;
  throw new CommandError(
    'no_elasticsearch',
    'Beside a LocalStack of your own Drumline doesn’t know where Elasticsearch is.',
    `Name one that its functions can reach: ${target.command('deploy --elasticsearch URL')}`,
  );
}

function requireReachableElasticsearch({ target }: Call, given: Given): void {
  if (target.name !== 'aws') return;
  const url = new URL(given.elasticsearchUrl ?? String(fileContext().elasticsearchUrl ?? 'http://localhost'));
  if (!['localhost', '[::1]'].includes(url.hostname) && !url.hostname.startsWith('127.')) return;
  throw new UsageError(
    `Functions on AWS can’t reach an Elasticsearch on this machine (${url.origin}).`,
    'Name one that they can reach: --elasticsearch URL, or elasticsearchUrl in cdk.json.',
  );
}

/** A stack of another version is deployed anew. */
export function otherVersion(error: unknown): undefined {
  if (error instanceof CommandError && error.code === 'deployment_differs') return undefined;
  throw error;
}
