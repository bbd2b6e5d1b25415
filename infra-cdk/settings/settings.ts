import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { MAX_JOBS_PER_MESSAGE } from '../../functions/core/model/message.ts';
import { DRAIN_WITHIN_SECONDS, MAX_WORKERS, parseRule } from '../../functions/core/model/scaling.ts';
import { certificateProblem, urlProblem } from './setting-problems.ts';

/** The project's folder. */
export const PROJECT = resolve(import.meta.dirname, '..', '..');

declare module 'zod' {
  interface GlobalMeta {
    /** Range or form of the value, for the error message and docs/settings.md. */
    form?: string;
    /** What applies when the setting has no default value. */
    unset?: string;
    /** One of the settings that people change most: README.md shows it. */
    common?: boolean;
  }
}

/** A type whose error message says its form. @param make the type with this error message */
function ofForm<T extends z.ZodType>(form: string, make: (error: string) => T): T {
  return make(`must be ${form}`).meta({ form });
}

/** A number in cdk.json, or its digits with `-c`. Not everything that JavaScript converts to a number: '', true, [3]. */
const number = (error: string) => z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], error);

const int = (min: number, max: number) =>
  ofForm(`an integer from ${min.toLocaleString('en-US')} to ${max.toLocaleString('en-US')}`, (error) =>
    number(error).pipe(z.int(error).min(min, error).max(max, error)),
  );

const oneOf = (...allowed: number[]) =>
  ofForm(`one of ${allowed.join(', ')}`, (error) => number(error).pipe(z.literal(allowed, error)));

const flag = () =>
  ofForm('true or false', (error) =>
    z.union([z.boolean(), z.enum(['true', 'false'])], error).transform((value) => String(value) === 'true'),
  );

const text = (pattern: RegExp, form: string) =>
  ofForm(form, (error) => z.string(error).regex(pattern, error));

/** A name that AWS gives a resource, or a CDK token for a resource in the same app, which cannot be checked here. */
const resourceName = (pattern: string, form: string) =>
  text(new RegExp(`^(${pattern}|.*\\$\\{Token\\[.*)?$`), form).default('');

/** IDs of AWS resources of one kind, separated by commas. */
const ids = (kind: string, max: number) => {
  const id = `${kind}-[0-9a-f]{8,17}`;
  const form =
    max === 1 ? `an ID like ${kind}-0a1b2c3d` : `up to ${max} IDs like ${kind}-0a1b2c3d, separated by commas`;
  return resourceName(`${id}(,${id}){0,${max - 1}}`, form);
};

/** Whether a text is a rule for the number of workers. */
function isRule(text: string): boolean {
  try {
    parseRule(text);
    return true;
  } catch {
    return false;
  }
}

/** What identifies a secret in Secrets Manager. */
const secret = () =>
  ofForm('the name or ARN of a secret, up to 512 characters', (error) =>
    z.string(error).max(512, error),
  ).default('');

const scaling = {
  concurrency: int(1, 1_000).default(2).meta({
    description:
      'Maximum number of concurrent workers: the consumer’s reserved concurrency. This one number scales Drumline.',
    common: true,
  }),
  autoscale: ofForm(
    `MIN:MAX, a minimum and a maximum from 1 to ${MAX_WORKERS.toLocaleString('en-US')} workers, such as 1:20`,
    (error) => z.string(error).refine((value) => value === '' || isRule(value), error),
  )
    .default('')
    .meta({
      description:
        'Between which numbers of workers Drumline scales itself. `drumline scale` overrides it until a deployment changes it.',
      unset: 'no autoscaling',
      common: true,
    }),
  drainWithinSeconds: int(DRAIN_WITHIN_SECONDS.min, DRAIN_WITHIN_SECONDS.max).optional().meta({
    description: 'Time in which the jobs of a tick should be done, in seconds, for autoscaling.',
    unset: 'half of the time between two ticks',
  }),
  batchSize: int(1, 10_000).default(10).meta({
    description:
      'Maximum number of messages in a worker’s batch. Above 10, Lambda waits up to 1 second to fill a batch.',
  }),
  jobsPerMessage: ofForm(`auto, or an integer from 1 to ${MAX_JOBS_PER_MESSAGE}`, (error) =>
    z.union(
      [z.literal('auto'), number(error).pipe(z.int(error).min(1, error).max(MAX_JOBS_PER_MESSAGE, error))],
      error,
    ),
  )
    .default('auto')
    .meta({
      description:
        'Maximum number of jobs in a message, from the next tick on; `auto` follows how long jobs take. Divides the cost of queue and ledger.',
      common: true,
    }),
  jobConcurrency: int(1, 10_000).default(10).meta({
    description: 'Maximum number of concurrent jobs in one worker.',
    common: true,
  }),
  minimumPollers: int(2, 200).optional().meta({
    description: 'Minimum number of provisioned pollers. They speed up scaling; AWS bills them by the hour.',
    unset: 'no provisioned pollers',
  }),
  maximumPollers: int(2, 2_000).optional().meta({
    description: 'Maximum number of provisioned pollers. Each poller handles up to 10 concurrent batches.',
    unset: 'no provisioned pollers',
  }),
  consumerMemoryMb: int(128, 10_240).default(512).meta({
    description: 'Memory of a worker, in MB. On AWS, CPU grows with memory.',
  }),
};

const jobsAndRetries = {
  jobFile: ofForm('the path of an existing TypeScript or JavaScript file', (error) =>
    z
      .string(error)
      .refine((file) => statSync(resolve(PROJECT, file), { throwIfNoEntry: false })?.isFile(), error),
  )
    .default('functions/job.ts')
    .meta({
      description: 'The file with your job; relative to the project folder.',
    }),
  maxAttempts: int(1, 1_000).default(5).meta({
    description: 'Maximum number of attempts per job. A job that still fails becomes a dead letter.',
    common: true,
  }),
  retryBaseSeconds: int(1, 900).default(1).meta({
    description:
      'Base delay before the first retry of a failed message, in seconds. The delay doubles with each retry.',
  }),
  retryCapSeconds: int(1, 43_200).default(60).meta({
    description: 'Maximum delay before a retry of a failed message, in seconds.',
  }),
  consumerTimeoutSeconds: int(4, 900).default(30).meta({
    description: 'Time limit of one batch, in seconds.',
    common: true,
  }),
  visibilityTimeoutSeconds: int(4, 43_200).optional().meta({
    description: 'Time until SQS delivers the messages of a dead worker again, in seconds.',
    unset: '6 × `consumerTimeoutSeconds`',
  }),
  workMs: int(0, 600_000).default(0).meta({
    description: 'Time that a job of the default functions/job.ts waits, in milliseconds, to simulate I/O.',
  }),
};

const HTTP_URL = 'an http or https URL';
const CERTIFICATE_FILE = 'the path of a PEM file with the certificate of an authority';

const elasticsearch = {
  elasticsearchUrl: z
    .url({ protocol: /^https?$/, error: `must be ${HTTP_URL}` })
    .check(({ value, issues }) => {
      const message = urlProblem(value);
      if (message) issues.push({ code: 'custom', message, input: value });
    })
    .meta({ form: `${HTTP_URL}; http only on a private network` })
    .default('http://127.0.0.1:9200')
    .meta({
      description: 'URL of an Elasticsearch 8 that the functions can reach. It stores the results.',
      common: true,
    }),
  elasticsearchApiKeySecret: secret().meta({
    description: 'The Secrets Manager secret that holds the Elasticsearch API key.',
    unset: 'no API key',
  }),
  elasticsearchConsumerKeySecret: secret().meta({
    description: 'The secret with a separate API key for the consumer, which needs fewer privileges.',
    unset: '`elasticsearchApiKeySecret`',
  }),
  elasticsearchStatusKeySecret: secret().meta({
    description: 'The secret with a separate API key for the status function, which only reads.',
    unset: '`elasticsearchApiKeySecret`',
  }),
  elasticsearchControlKeySecret: secret().meta({
    description: 'The secret with a separate API key for the control function.',
    unset: '`elasticsearchApiKeySecret`',
  }),
  elasticsearchVerifyKeySecret: secret().meta({
    description: 'The secret with a separate API key for the verify function.',
    unset: '`elasticsearchApiKeySecret`',
  }),
  elasticsearchCaFile: z
    .string(`must be ${CERTIFICATE_FILE}`)
    .check(({ value, issues }) => {
      const message = value === '' ? undefined : certificateProblem(resolve(PROJECT, value));
      if (message) issues.push({ code: 'custom', message, input: value });
    })
    .meta({ form: CERTIFICATE_FILE })
    .default('')
    .meta({
      description:
        'Certificate of the private authority that signed Elasticsearch’s certificate; relative to the project folder.',
      unset: 'only public authorities',
    }),
};

const network = {
  vpcId: ids('vpc', 1).meta({
    description: 'The VPC in which the functions reach Elasticsearch. It needs `subnetIds`.',
    unset: 'no VPC',
  }),
  subnetIds: ids('subnet', 16).meta({
    description: 'The private subnets of `vpcId` for the functions that use Elasticsearch.',
    unset: 'no VPC',
  }),
  securityGroupIds: ids('sg', 5).meta({
    description: 'The security groups of the functions that run in `vpcId`.',
    unset: 'a new security group',
  }),
};

const resultsIndex = {
  index: text(
    /^[a-z0-9][a-z0-9_.-]{0,99}$/,
    'up to 100 lower-case letters, digits, hyphens, dots and underscores; a letter or digit first',
  )
    .optional()
    .meta({
      description: 'Name of the results index, from the next run on.',
      unset: '`drumline-results` or `drumline-STAGE-results`',
    }),
  indexMonthly: flag().default(false).meta({
    description:
      'Whether each month has its own index, from the next run on. `index` is then the alias of all of them.',
  }),
  indexShards: int(1, 1_024).default(1).meta({
    description: 'Number of primary shards of a new results index. The maximum is that of Elasticsearch.',
  }),
  indexReplicas: int(0, 10).default(1).meta({
    description:
      'Number of replicas of each shard of a new results index. A single node cannot hold replicas.',
  }),
  indexRefreshSeconds: int(1, 3_600).optional().meta({
    description:
      'Refresh interval of a new results index, in seconds: the delay until searches find a document.',
    unset: 'Elasticsearch’s default',
  }),
};

const operations = {
  stage: text(/^([a-z][a-z0-9-]{0,19})?$/, 'up to 20 lower-case letters, digits and hyphens, a letter first')
    .default('')
    .meta({
      description:
        'Name of a second, independent deployment: its stack is Drumline-STAGE, its resources are drumline-STAGE-….',
      unset: 'the first deployment',
    }),
  ledgerTable: resourceName('[a-zA-Z0-9_.-]{3,255}', 'the name of a DynamoDB table').meta({
    description: 'An existing ledger to continue with: the table of a deleted stack, or a restored table.',
    unset: 'a new table',
  }),
  itemsBucket: resourceName('[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]', 'the name of an S3 bucket').meta({
    description:
      'An existing bucket of list items to continue with: the bucket of the stack that `ledgerTable` belonged to.',
    unset: 'a new bucket',
  }),
  codeVersion: text(/^[\w.+-]{0,64}$/, 'up to 64 letters, digits and the characters . _ + -')
    .default('')
    .meta({
      description: 'Version of your code, such as a commit: stored in each document that the code writes.',
      unset: 'a hash of the code',
    }),
  logLevel: ofForm('one of DEBUG, INFO, WARN, ERROR', (error) =>
    z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR'], error),
  )
    .default('INFO')
    .meta({ description: 'The lowest level that the functions log.' }),
  logRetentionDays: oneOf(1, 3, 5, 7, 14, 30, 60, 90, 180, 365)
    .default(14)
    .meta({ description: 'Retention of the functions’ logs, in days.' }),
  kmsKey: resourceName(
    'arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[\\w-]+',
    'the ARN of a KMS key like arn:aws:kms:eu-west-1:123456789012:key/ID, not of an alias',
  ).meta({
    description:
      'A customer-managed KMS key for queues, table and bucket. The key policy must allow their use (docs/security.md).',
    unset: 'keys of AWS',
  }),
  alarmEmail: text(/^([^@\s]+@[^@\s]+\.[^@\s]+)?$/, 'an e-mail address')
    .default('')
    .meta({
      description: 'Address that receives the alarms. AWS asks its owner to confirm.',
      unset: 'no e-mail',
    }),
  alarmTopic: resourceName(
    'arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\\w-]{1,256}',
    'the ARN of an SNS topic',
  ).meta({
    description: 'An existing topic that receives the alarms. Its policy must let CloudWatch publish.',
    unset: 'no topic',
  }),
  tracing: flag().default(false).meta({
    description: 'Whether AWS X-Ray traces the functions. AWS bills each trace.',
  }),
  enforceSsl: flag().optional().meta({
    description: 'Whether queues, buckets and topics refuse plain HTTP.',
    unset: 'true, unless AWS_ENDPOINT_URL (an emulator) is plain HTTP',
  }),
  bootstrapRoles: flag().default(false).meta({
    description:
      'Whether the CDK deploys with the roles of its bootstrap stack instead of your own credentials.',
  }),
};

/** The settings by topic, as docs/settings.md lists them. */
export const TOPICS = {
  Scaling: scaling,
  'Jobs and retries': jobsAndRetries,
  Elasticsearch: elasticsearch,
  Network: network,
  'Results index': resultsIndex,
  Operations: operations,
};

/**
 * The settings of a deployment: CDK context, in cdk.json or as `-c name=value`, or the properties of the construct. The
 * range, default and meaning of each setting are defined only here. The command's help, docs/settings.md and
 * drumline-props.ts are generated from it.
 */
export const schema = z.object({
  ...scaling,
  ...jobsAndRetries,
  ...elasticsearch,
  ...network,
  ...resultsIndex,
  ...operations,
});

export type Settings = z.output<typeof schema>;
export type SettingName = keyof Settings;

/** The visibility timeout of the jobs queue, in seconds. AWS advises six times the function's time limit. */
export function visibilityTimeoutOf(settings: Settings): number {
  return settings.visibilityTimeoutSeconds ?? 6 * settings.consumerTimeoutSeconds;
}

/** Whether the queues refuse plain HTTP. On plain HTTP, an emulator that enforces queue policies would refuse everything. */
export function enforcesSsl(settings: Settings): boolean {
  return settings.enforceSsl ?? !process.env.AWS_ENDPOINT_URL?.startsWith('http://');
}

/** The first part of the name of every resource in a deployment. */
export function prefixOf({ stage }: Pick<Settings, 'stage'>): string {
  return stage === '' ? 'drumline' : `drumline-${stage}`;
}

/** The stack's name. */
export function stackNameOf({ stage }: Pick<Settings, 'stage'>): string {
  return stage === '' ? 'Drumline' : `Drumline-${stage}`;
}

/** The name of the results index. Each stage has its own, because two ledgers would use the same jobIds in one index. */
export function indexOf(settings: Settings): string {
  return settings.index ?? `${prefixOf(settings)}-results`;
}
