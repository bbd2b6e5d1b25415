import {
  type DockerPart,
  ELASTICSEARCH_FOR_CONTAINERS,
  inspectDocker,
} from '../../local/containers/containers.ts';
import { requireElasticsearch8, withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { UserError } from '../../local/user-error.ts';
import type { Check } from './check.ts';
import { otherVersion } from './deploy.ts';
import { findDeployment } from './deployment.ts';
import type { Target } from './target.ts';

/** What LocalStack does otherwise than AWS that changes what is seen here; read in 4.14.0's code, and tried. */
export const SHORTCOMINGS = [
  'Its event source mapping works off one batch at a time: more workers make nothing faster. Later images, which ' +
    'want a LOCALSTACK_AUTH_TOKEN, take several (LAMBDA_EVENT_SOURCE_MAPPING_SQS_POLLER_COUNT).',
  'Its CloudFormation drops the reserved concurrency; "drumline deploy" sets it through the Lambda API.',
  'IAM is not enforced: a permission that is missing is not missed.',
  'It writes logs to /aws/lambda/NAME, whatever the stack says; "drumline logs" reads them there.',
  'Rules fire about a minute apart, not on the minute.',
  'When it stops it forgets everything: ledger, queues and deployment.',
];

const ANSWER_WITHIN_MS = 5_000;

/** Elasticsearch as this machine reaches it: functions in containers know it by a name that only they can resolve. */
export function fromHere({ home }: Pick<Target, 'home'>, elasticsearchUrl: string): string {
  return elasticsearchUrl === ELASTICSEARCH_FOR_CONTAINERS ? home.elasticsearchUrl : elasticsearchUrl;
}

/** Looks for what the target needs; throws nothing for what is missing. */
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
  const check = (name: string, part: DockerPart): Check =>
    part.ok
      ? { name, ok: true, found: part.found }
      : {
          name,
          ok: false,
          found: part.problem,
          advice: `${name} is needed to start LocalStack. One that runs already can be named in AWS_ENDPOINT_URL.`,
        };
  return [check('Docker engine', engine), check('Docker Compose', compose)];
}

async function checkServer(target: Target, signal: AbortSignal): Promise<Check> {
  const url = target.environment.AWS_ENDPOINT_URL;
  // Not its health, which other emulators answer as well.
  const version = await versionAt(`${url}/_localstack/info`, signal);
  if (version !== undefined) return { name: 'LocalStack', ok: true, found: `${version} at ${url}` };
  const found = `none answers at ${url}`;
  const advice = target.isManaged
    ? `Start it: ${target.command('up')}`
    : 'Start it, or correct AWS_ENDPOINT_URL.';
  return { name: 'LocalStack', ok: false, found, advice };
}

async function versionAt(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const { version } = (await (await fetch(url, { signal: within })).json()) as { version?: string };
    return version;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** @returns nothing where nobody has said yet which Elasticsearch it is to be */
async function checkElasticsearch(
  target: Target,
  canAsk: boolean,
  signal: AbortSignal,
): Promise<Check | undefined> {
  const deployed = canAsk ? await findDeployment(target, signal).catch(otherVersion) : undefined;
  if (!deployed && !target.isManaged) return undefined;
  const url = deployed ? fromHere(target, deployed.elasticsearchUrl) : target.home.elasticsearchUrl;
  try {
    await requireElasticsearch8(url);
    return { name: 'Elasticsearch 8', ok: true, found: `at ${withoutCredentials(url)}` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name: 'Elasticsearch 8', ok: false, found: error.message, advice: error.nextStep };
  }
}
