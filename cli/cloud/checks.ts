import { UserError } from '../../local/base/user-error.ts';
import { type DockerPart, inspectDocker } from '../../local/containers/containers.ts';
import { requireElasticsearch8, withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { findCurrentDeployment } from './deployment.ts';
import { elasticsearchUrlFromHost, type Target } from './target.ts';

/** A requirement of a deployment, and what a check has found. */
export interface Check {
  name: string;
  ok: boolean;
  found: string;
  /** What to do. Only if not ok. */
  advice?: string;
}

/** Differences between LocalStack 4.14 and AWS that affect Drumline. Source: the code of 4.14.0, and tests. */
export const SHORTCOMINGS = [
  'Its event source mapping processes one batch at a time, so more workers do not increase the throughput. Later images, which ' +
    'need a LOCALSTACK_AUTH_TOKEN, process several (LAMBDA_EVENT_SOURCE_MAPPING_SQS_POLLER_COUNT).',
  'Its CloudFormation ignores the reserved concurrency; "drumline deploy" sets it through the Lambda API.',
  'It does not enforce IAM: a missing permission goes unnoticed.',
  'It writes logs to /aws/lambda/NAME instead of the log group in the stack; "drumline logs" reads both.',
  'Rules fire about a minute apart, not on the minute.',
  'It loses the ledger, the queues and the deployment when it stops.',
];

const TIMEOUT_MS = 5_000;

/** Checks the requirements of the `localstack` target. */
export async function checkLocalstack(target: Target, signal: AbortSignal): Promise<Check[]> {
  const [docker, localstack] = await Promise.all([
    target.isManaged ? checkDocker() : [],
    checkServer(target, signal),
  ]);
  const elasticsearch = await checkElasticsearch(target, localstack.ok, signal);
  return [...docker, localstack, ...(elasticsearch ? [elasticsearch] : [])];
}

async function checkDocker(): Promise<Check[]> {
  const { engine, compose } = await inspectDocker();
  const check = (name: string, part: DockerPart): Check => {
    if (part.ok) return { name, ok: true, found: part.found };
    const advice =
      'Install and start it, or set AWS_ENDPOINT_URL to use a LocalStack that is already running.';
    return { name, ok: false, found: part.problem, advice };
  };
  return [check('Docker engine', engine), check('Docker Compose', compose)];
}

async function checkServer(target: Target, signal: AbortSignal): Promise<Check> {
  const url = target.environment.AWS_ENDPOINT_URL;
  // Other emulators answer LocalStack's health endpoint as well.
  const version = await versionAt(`${url}/_localstack/info`, signal);
  if (version !== undefined) return { name: 'LocalStack', ok: true, found: `${version} at ${url}` };
  const advice = target.isManaged
    ? `Start it: ${target.command('up')}`
    : 'Start it, or correct AWS_ENDPOINT_URL.';
  return { name: 'LocalStack', ok: false, found: `nothing answers at ${url}`, advice };
}

async function versionAt(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const { version } = (await (await fetch(url, { signal: either })).json()) as { version?: string };
    return version;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** @returns undefined if it is not known yet which Elasticsearch is used */
async function checkElasticsearch(
  target: Target,
  isRunning: boolean,
  signal: AbortSignal,
): Promise<Check | undefined> {
  const deployed = isRunning ? await findCurrentDeployment(target, signal) : undefined;
  if (!deployed && !target.isManaged) return undefined;
  const url = deployed
    ? elasticsearchUrlFromHost(target, deployed.elasticsearchUrl)
    : target.home.elasticsearchUrl;
  try {
    await requireElasticsearch8(url);
    return { name: 'Elasticsearch 8', ok: true, found: `at ${withoutCredentials(url)}` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name: 'Elasticsearch 8', ok: false, found: error.message, advice: error.nextStep };
  }
}
