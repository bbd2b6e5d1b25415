import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { stackNameOf } from '../../infra-cdk/settings/settings.ts';
import { clientEnvironment, type LocalHome, localHome } from '../../local/home.ts';
import { UsageError } from '../terminal/errors.ts';

export const TARGETS = ['local', 'localstack', 'aws'] as const;
export type TargetName = (typeof TARGETS)[number];

/** Where a command works: which cloud, and which of the stacks there. */
export interface Target {
  readonly name: TargetName;
  /** Empty for the stack without a stage. */
  readonly stage: string;
  readonly stackName: string;
  /** Whether its cloud is the command's to start and stop; not if it is AWS, or a LocalStack that the user names. */
  readonly isManaged: boolean;
  /** Where logs, reports and the local cloud lie; also for other targets. */
  readonly home: LocalHome;
  /** For child processes that are to talk to this target. */
  readonly environment: NodeJS.ProcessEnv;
  readonly clients: Clients;
  /** A command line as the user would type it for this target and stage. */
  command(words: string): string;
}

export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  readonly logs: CloudWatchLogsClient;
}

/** The longest a function may take (verify, five minutes), and a little more. */
const LONGEST_INVOCATION_MS = 330_000;
const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * @param home the local cloud, if not the one that the environment names
 * @throws UserError when the environment does not fit the target
 */
export function resolveTarget(name: TargetName, stage: string, home = localHome()): Target {
  const environment = environmentOf(name, home);
  return {
    name,
    stage,
    stackName: stackNameOf({ stage }),
    isManaged: name === 'local' || (name === 'localstack' && !process.env.AWS_ENDPOINT_URL),
    home,
    environment,
    clients: openClients(name, environment),
    command: (words) =>
      ['npx drumline', words, stage && `--stage ${stage}`, name !== 'local' && `--target ${name}`]
        .filter(Boolean)
        .join(' '),
  };
}

function environmentOf(name: TargetName, home: LocalHome): NodeJS.ProcessEnv {
  if (name === 'local') return clientEnvironment(home);
  if (name === 'aws') {
    const variable = Object.keys(process.env).find((key) => /^AWS_ENDPOINT_URL(_|$)/.test(key));
    if (variable === undefined || !process.env[variable]) return process.env;
    throw new UsageError(
      `--target aws is AWS itself, but ${variable} says ${process.env[variable]}.`,
      `Unset ${variable}, or leave --target away.`,
    );
  }
  const { AWS_ENDPOINT_URL: own, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const region = AWS_REGION || AWS_DEFAULT_REGION || 'us-east-1';
  return {
    // LocalStack takes any keys; the user's own ones have no business there.
    ...clientEnvironment(home),
    AWS_ENDPOINT_URL: own ? byAddress(own) : home.emulatorUrl,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
  };
}

/** The SDKs address S3 buckets by path only where the endpoint is an address, and `bucket.localhost` is no host. */
function byAddress(endpoint: string): string {
  return endpoint.replace(/^(https?:\/\/)localhost(?=[:/]|$)/, '$1127.0.0.1');
}

/**
 * What a client of the SDK needs to reach a target. Endpoint and credentials are given, not left to process.env: there
 * they are the user's, for other clouds.
 */
export function placeOf({ name, environment }: Pick<Target, 'name' | 'environment'>) {
  if (name === 'aws') return {};
  return {
    endpoint: environment.AWS_ENDPOINT_URL as string,
    region: environment.AWS_REGION as string,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

function openClients(name: TargetName, environment: NodeJS.ProcessEnv): Clients {
  const place = placeOf({ name, environment });
  const timeouts = (requestTimeout: number) => ({
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout, throwOnRequestTimeout: true },
  });
  const usual = { ...place, ...timeouts(REQUEST_TIMEOUT_MS) };
  return {
    cloudFormation: new CloudFormationClient(usual),
    // Queue URLs name the host as the stack saw it; the endpoint given here is the one to use.
    sqs: new SQSClient({ ...usual, useQueueUrlAsEndpoint: name === 'aws' }),
    logs: new CloudWatchLogsClient(usual),
    lambda: new LambdaClient({ ...place, ...timeouts(LONGEST_INVOCATION_MS) }),
  };
}
