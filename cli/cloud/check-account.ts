import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetAccountSettingsCommand, GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { isLoopback, isPrivate, mostWorkersOf } from '../../infra-cdk/settings/setting-problems.ts';
import type { Settings } from '../../infra-cdk/settings/settings.ts';
import { MIN_UNRESERVED_CONCURRENCY } from '../../plan/aws-limits.ts';
import { CommandError } from '../terminal/errors.ts';
import { count } from '../terminal/format.ts';
import { BOOTSTRAP_STACK } from './cdk.ts';
import type { Check } from './checks.ts';
import { unlessDenied } from './client-errors.ts';
import { readReserved } from './concurrency.ts';
import { findCurrentDeployment, findStack } from './deployment.ts';
import { clientConfigOf, type Target } from './target.ts';
import type { NamedResource } from './template.ts';

/**
 * Checks whether the AWS account meets the requirements of a deployment with these settings.
 * @param jobSecrets names or ARNs of the secrets that the job needs
 */
export async function checkAccount(
  target: Target,
  settings: Settings,
  jobSecrets: readonly string[],
  signal: AbortSignal,
): Promise<Check[]> {
  const identity = await readIdentity(target, signal);
  const [concurrency, ...secrets] = await Promise.all([
    checkConcurrency(target, mostWorkersOf(settings), signal),
    ...secretsOf(settings, jobSecrets).map((secret) => checkSecret(target, settings, secret, signal)),
  ]);
  return [
    { name: 'Account', ok: true, found: `${identity.account} in ${identity.region}, as ${identity.arn}` },
    concurrency,
    elasticsearchCheck(settings),
    ...secrets,
    ...(settings.kmsKey === '' ? [] : [keyCheck(settings.kmsKey, identity)]),
  ];
}

/** Checks whether the CDK's own stack is there. A deployment creates it if it is missing. */
export async function checkBootstrap(target: Target, signal: AbortSignal): Promise<Check> {
  const toolkit = await findStack(target, BOOTSTRAP_STACK, signal);
  return {
    name: 'CDK bootstrap',
    ok: toolkit !== undefined,
    found: toolkit?.StackStatus ?? 'none',
    ...(!toolkit && { advice: 'The first deploy creates it. You can also run npx cdk bootstrap.' }),
  };
}

/** @throws CommandError `account_not_ready` that names each failed check and what to do */
export function requireChecks(checks: readonly Check[]): void {
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  throw new CommandError(
    'account_not_ready',
    `The AWS account is not ready for this deployment. Nothing was deployed.\n${failed
      .map(({ name, found }) => `- ${name}: ${found}`)
      .join('\n')}`,
    failed.map(({ advice }) => advice).join('\n'),
  );
}

/** The account and region that the credentials and the configuration select. */
interface Identity {
  account: string;
  region: string;
  arn: string;
}

async function readIdentity(target: Target, abortSignal: AbortSignal): Promise<Identity> {
  const client = new STSClient(clientConfigOf(target));
  const { Account: account = '', Arn: arn = '' } = await client.send(new GetCallerIdentityCommand({}), {
    abortSignal,
  });
  return { account, arn, region: await client.config.region() };
}

async function checkConcurrency(target: Target, wanted: number, signal: AbortSignal): Promise<Check> {
  const [account, deployment] = await Promise.all([
    unlessDenied(target.clients.lambda.send(new GetAccountSettingsCommand({}), { abortSignal: signal })),
    findCurrentDeployment(target, signal),
  ]);
  if (!account) return { name: 'Lambda concurrency', ok: true, found: 'not checked: access denied' };
  const { ConcurrentExecutions: limit = 0, UnreservedConcurrentExecutions: unreserved = 0 } =
    account.AccountLimit ?? {};
  const reserved = deployment ? ((await readReserved(deployment, signal)) ?? 0) : 0;
  return concurrencyCheck({ limit, unreserved, reserved, wanted });
}

/**
 * Checks whether the account can reserve `wanted` workers.
 * @param reserved concurrency that the consumer has already reserved, and that `wanted` replaces
 */
export function concurrencyCheck(of: {
  limit: number;
  unreserved: number;
  reserved: number;
  wanted: number;
}): Check {
  const { limit, unreserved, reserved, wanted } = of;
  const room = unreserved + reserved - MIN_UNRESERVED_CONCURRENCY;
  const max = Math.max(0, room);
  const ok = wanted <= max;
  return {
    name: 'Lambda concurrency',
    ok,
    found: `${count(limit)} in the account, ${count(unreserved)} unreserved: enough for ${count(max)} of ${count(wanted)} workers`,
    ...(!ok && {
      advice: `${max > 0 ? `Set concurrency=${max} or less` : 'Do not deploy'} for now, or ask AWS (Service Quotas, Lambda) for at least ${count(limit + wanted - room)} "Concurrent executions".`,
    }),
  };
}

/** Checks whether functions on AWS can reach Elasticsearch, as far as its URL says. */
export function elasticsearchCheck({
  elasticsearchUrl: url,
  vpcId,
}: Pick<Settings, 'elasticsearchUrl' | 'vpcId'>): Check {
  const { hostname, origin } = new URL(url);
  const name = 'Elasticsearch URL';
  const failed = (why: string, advice: string): Check => ({
    name,
    ok: false,
    found: `${origin} ${why}`,
    advice,
  });
  if (isLoopback(hostname))
    return failed(
      'is this machine, which functions on AWS can’t reach',
      'Name another one with --elasticsearch URL, or with elasticsearchUrl in cdk.json.',
    );
  if (vpcId === '' && isPrivate(hostname))
    return failed(
      'is on a private network, but the functions run in no VPC',
      'Set vpcId and subnetIds, or use a public URL.',
    );
  return { name, ok: true, found: origin };
}

/** The secrets that the functions read, each once. */
function secretsOf(settings: Settings, jobSecrets: readonly string[]): string[] {
  const keys = Object.entries(settings).flatMap(([name, value]) =>
    /^elasticsearch\w*KeySecret$/.test(name) && typeof value === 'string' && value !== '' ? [value] : [],
  );
  return [...new Set([...keys, ...jobSecrets])];
}

async function checkSecret(
  target: Target,
  { kmsKey }: Settings,
  secret: string,
  abortSignal: AbortSignal,
): Promise<Check> {
  const client = new SecretsManagerClient(clientConfigOf(target));
  try {
    const answer = await client.send(new DescribeSecretCommand({ SecretId: secret }), { abortSignal });
    return secretCheck(secret, answer, kmsKey);
  } catch (error) {
    if (!(error instanceof Error) || !/^(ResourceNotFound|AccessDenied)/.test(error.name)) throw error;
    return secretCheck(secret, error.name, kmsKey);
  }
}

/**
 * Checks whether the functions will be able to read a secret.
 * @param seen the secret, or the name of the error of reading it
 * @param kmsKey the setting `kmsKey`: the only key that the functions may use
 */
export function secretCheck(
  secret: string,
  seen: { DeletedDate?: Date | undefined; KmsKeyId?: string | undefined } | string,
  kmsKey: string,
): Check {
  const name = `Secret ${secret}`;
  const failed = (found: string, advice: string): Check => ({ name, ok: false, found, advice });
  if (seen === 'ResourceNotFoundException')
    return failed(
      'missing',
      `Create it: aws secretsmanager create-secret --name ${secret} --secret-string VALUE`,
    );
  if (typeof seen === 'string') return { name, ok: true, found: `not checked: ${seen}` };
  if (seen.DeletedDate)
    return failed(
      'marked for deletion',
      `Restore it: aws secretsmanager restore-secret --secret-id ${secret}`,
    );
  const key = seen.KmsKeyId ?? '';
  // Without a key of its own, a secret has the key aws/secretsmanager, which every principal of the account may use through
  // Secrets Manager ("Secret encryption and decryption in AWS Secrets Manager").
  if (key === '' || key.endsWith('alias/aws/secretsmanager') || kmsKey.endsWith(key))
    return { name, ok: true, found: 'exists' };
  if (key.includes('alias/')) return { name, ok: true, found: `exists; not checked: the key ${key}` };
  return failed(
    `is encrypted with the key ${key}, which the functions may not use`,
    `Set kmsKey to this key, or encrypt the secret with another one.`,
  );
}

/** Checks whether a key is in the region of the deployment. A queue or table accepts no other key. */
export function keyCheck(kmsKey: string, { region }: Pick<Identity, 'region'>): Check {
  const [, , , keyRegion] = kmsKey.split(':');
  const ok = keyRegion === region;
  const advice = `Use a key in ${region}, or deploy to ${keyRegion} (AWS_REGION).`;
  return { name: 'KMS key', ok, found: kmsKey, ...(!ok && { advice }) };
}

/**
 * Checks whether the names are free that a deployment adds. CloudFormation cannot create a resource whose name is taken.
 * @param names the result of `addedNames`
 */
export async function checkNames(
  { clients }: Target,
  names: readonly NamedResource[],
  abortSignal: AbortSignal,
): Promise<Check[]> {
  const exists = async ({ type, name }: NamedResource): Promise<boolean> => {
    const options = { abortSignal };
    switch (type) {
      case 'AWS::Lambda::Function':
        return isFound(
          clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }), options),
        );
      case 'AWS::SQS::Queue':
        return isFound(clients.sqs.send(new GetQueueUrlCommand({ QueueName: name }), options));
      case 'AWS::Logs::LogGroup': {
        const command = new DescribeLogGroupsCommand({ logGroupNamePrefix: name });
        const answer = await unlessDenied(clients.logs.send(command, options));
        return answer?.logGroups?.some(({ logGroupName }) => logGroupName === name) ?? false;
      }
    }
  };
  const taken = await Promise.all(names.map(async (each) => ((await exists(each)) ? [each] : [])));
  return taken.flat().map(({ type, name }) => ({
    name: KIND[type],
    ok: false,
    found: `${name} exists already and belongs to no part of the stack`,
    advice: `${DELETE_COMMAND[type]} ${name}`,
  }));
}

const KIND: Record<NamedResource['type'], string> = {
  'AWS::Lambda::Function': 'Function',
  'AWS::Logs::LogGroup': 'Log group',
  'AWS::SQS::Queue': 'Queue',
};

/** How to remove a leftover. The name follows. */
const DELETE_COMMAND: Record<NamedResource['type'], string> = {
  'AWS::Lambda::Function':
    'Delete it, or deploy with another --stage: aws lambda delete-function --function-name',
  'AWS::Logs::LogGroup':
    'Delete it, or deploy with another --stage: aws logs delete-log-group --log-group-name',
  'AWS::SQS::Queue': 'Delete the queue, or deploy with another --stage:',
};

/** Whether a request finds its resource. If the user may not ask, CloudFormation will say it. */
async function isFound(request: Promise<unknown>): Promise<boolean> {
  try {
    return (await unlessDenied(request)) !== undefined;
  } catch (error) {
    if (error instanceof Error && /NotFound|NonExistentQueue|QueueDoesNotExist/.test(error.name))
      return false;
    throw error;
  }
}
