import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { stackNameOf } from '../../infra-cdk/settings/settings.ts';
import { clientEnvironment, type LocalHome, localHome } from '../../local/base/home.ts';
import { ELASTICSEARCH_FOR_CONTAINERS } from '../../local/containers/containers.ts';
import { UsageError } from '../terminal/errors.ts';

export const TARGETS = ['local', 'localstack', 'aws'] as const;
export type TargetName = (typeof TARGETS)[number];

/** The cloud that a command works on, and the stack there. */
export interface Target {
  readonly name: TargetName;
  /** Empty for the stack without a stage. */
  readonly stage: string;
  readonly stackName: string;
  /** Whether Drumline starts and stops the cloud. Not for AWS, nor for a LocalStack at AWS_ENDPOINT_URL. */
  readonly isManaged: boolean;
  /** The folder of the local cloud, and of the logs of every target. */
  readonly home: LocalHome;
  /** Environment variables for child processes that use this target. */
  readonly environment: NodeJS.ProcessEnv;
  readonly clients: Clients;
  /** What each command needs for this target and stage: `--stage demo --target aws`; empty if nothing. */
  options: string;
  /** The command line that the user types for this target and stage. */
  command(words: string): string;
}

export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  readonly logs: CloudWatchLogsClient;
}

/** Slightly longer than the longest time limit of a function, which is five minutes (verify). */
const INVOCATION_TIMEOUT_MS = 330_000;
const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Resolves the target that the options --target and --stage name.
 * @param home the local cloud; from the environment unless given
 * @throws UsageError if the environment contradicts the target
 */
export function resolveTarget(name: TargetName, stage: string, home = localHome()): Target {
  const environment = environmentOf(name, home);
  const options = [stage && `--stage ${stage}`, name !== 'local' && `--target ${name}`]
    .filter(Boolean)
    .join(' ');
  return {
    name,
    stage,
    stackName: stackNameOf({ stage }),
    isManaged: name === 'local' || (name === 'localstack' && !process.env.AWS_ENDPOINT_URL),
    home,
    environment,
    clients: openClients(name, environment),
    options,
    command: (words) => ['npx drumline', words, options].filter(Boolean).join(' '),
  };
}

function environmentOf(name: TargetName, home: LocalHome): NodeJS.ProcessEnv {
  if (name === 'local') return clientEnvironment(home);
  if (name === 'aws') {
    const variable = Object.keys(process.env).find((key) => /^AWS_ENDPOINT_URL(_|$)/.test(key));
    if (variable === undefined || !process.env[variable]) return process.env;
    throw new UsageError(
      `--target aws means AWS itself, but ${variable} is ${process.env[variable]}.`,
      `Unset ${variable}, or omit --target aws.`,
    );
  }
  const { AWS_ENDPOINT_URL: own, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const region = AWS_REGION || AWS_DEFAULT_REGION || 'us-east-1';
  return {
    // LocalStack accepts any keys. It must not get the user's own ones.
    ...clientEnvironment(home),
    AWS_ENDPOINT_URL: own ? withIpAddress(own) : home.emulatorUrl,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
  };
}

/** `bucket.localhost` is no host. The SDKs put a bucket into the path only if the endpoint is an IP address. */
function withIpAddress(endpoint: string): string {
  return endpoint.replace(/^(https?:\/\/)localhost(?=[:/]|$)/, '$1127.0.0.1');
}

/**
 * Configures an SDK client for a target. Endpoint and credentials are explicit, because process.env has the user's own,
 * for other clouds.
 */
export function clientConfigOf({ name, environment }: Pick<Target, 'name' | 'environment'>) {
  if (name === 'aws') return {};
  return {
    endpoint: environment.AWS_ENDPOINT_URL as string,
    region: environment.AWS_REGION as string,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

function openClients(name: TargetName, environment: NodeJS.ProcessEnv): Clients {
  const config = clientConfigOf({ name, environment });
  const timeouts = (requestTimeout: number) => ({
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout, throwOnRequestTimeout: true },
  });
  const usual = { ...config, ...timeouts(REQUEST_TIMEOUT_MS) };
  return {
    cloudFormation: new CloudFormationClient(usual),
    // An emulator's queue URL names a host that may not be reachable from here.
    sqs: new SQSClient({ ...usual, useQueueUrlAsEndpoint: name === 'aws' }),
    logs: new CloudWatchLogsClient(usual),
    lambda: new LambdaClient({ ...config, ...timeouts(INVOCATION_TIMEOUT_MS) }),
  };
}

/** Elasticsearch's URL for this machine: functions in containers use a host name that only they can resolve. */
export function elasticsearchUrlFromHost({ home }: Pick<Target, 'home'>, url: string): string {
  return url === ELASTICSEARCH_FOR_CONTAINERS ? home.elasticsearchUrl : url;
}

/** The cloud's name, for the start of a sentence. */
export function cloudName({ name }: Target): string {
  return { local: 'The local cloud', localstack: 'LocalStack', aws: 'AWS' }[name];
}

/** The cloud's name, with its URL for LocalStack. */
export function cloudNameAndUrl(target: Target): string {
  const name = cloudName(target);
  return target.name === 'localstack' ? `${name} at ${target.environment.AWS_ENDPOINT_URL}` : name;
}
