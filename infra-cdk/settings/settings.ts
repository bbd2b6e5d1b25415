import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Node } from 'constructs';
import leven from 'leven';
import * as z from 'zod';
import { MAX_JOBS_PER_MESSAGE } from '../../functions/core/model/message.ts';
import { certificateProblem, urlProblem } from './elasticsearch-settings.ts';
import { crossSettingProblems } from './limits.ts';

/** The project's folder. */
export const PROJECT = resolve(import.meta.dirname, '..', '..');

/** A number in cdk.json, its digits by `-c`; not all that JavaScript would make a number of, as '', true or [3]. */
const number = (error: string) => z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], error);

const whole = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return number(error).pipe(z.int(error).min(least, error).max(most, error));
};

/** Names of one kind that AWS gives out, such as `subnet-0a1b2c3d`, with commas between them. */
const ids = (kind: string, most: number) => {
  const one = `${kind}-[0-9a-f]{8,17}`;
  const error = most === 1 ? `such as ${kind}-0a1b2c3d` : `${kind}-…, up to ${most} with commas between them`;
  return z.string(error).regex(new RegExp(`^(${one}(,${one}){0,${most - 1}})?$`), error);
};

/** What Secrets Manager knows a secret by. */
const secret = z.string().max(512).default('');

const oneOf = (...allowed: number[]) => {
  const error = `one of ${allowed.join(', ')}`;
  return number(error).pipe(z.literal(allowed, error));
};

const flag = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')],
  'true or false',
);

/**
 * What can be set when the stack is deployed: CDK context, in cdk.json or as `-c name=value`. One place for each
 * setting's range, default and meaning; the command's help and the docs are made from it.
 */
export const schema = z.object({
  stage: z
    .string()
    .regex(/^([a-z][a-z0-9-]{0,19})?$/, 'up to 20 lower-case letters, digits and hyphens, a letter first')
    .default('')
    .describe('Name of a second, independent stack: Drumline-NAME. Empty for the first.'),
  concurrency: whole(1, 1_000)
    .default(2)
    .describe('Workers at a time: the consumer’s reserved concurrency. The one number that scales it.'),
  batchSize: whole(1, 10_000)
    .default(10)
    .describe('Messages a worker takes at once; above 10, SQS gathers them for up to a second.'),
  jobsPerMessage: whole(1, MAX_JOBS_PER_MESSAGE)
    .default(50)
    .describe(
      'The most jobs that share a message, from the next tick on; small ticks share fewer. Divides queue’s and ledger’s cost.',
    ),
  minimumPollers: whole(2, 200)
    .optional()
    .describe(
      'Provisioned pollers of the queue, kept ready: faster scale-up, billed by the hour. None unless set.',
    ),
  maximumPollers: whole(2, 2_000)
    .optional()
    .describe('How many provisioned pollers there may come to be; each brings up to 10 batches at a time.'),
  jobConcurrency: whole(1, 10_000).default(10).describe('Jobs at a time inside a worker.'),
  maxAttempts: whole(1, 1_000).default(5).describe('How often a failing job is tried before it is given up.'),
  consumerTimeoutSeconds: whole(4, 900).default(30).describe('Time limit of one batch, in seconds.'),
  consumerMemoryMb: whole(128, 10_240)
    .default(512)
    .describe('A worker’s memory, in MB; on AWS its CPU follows.'),
  visibilityTimeoutSeconds: whole(4, 43_200)
    .optional()
    .describe('When a message of a worker that died comes back, in seconds. 6 × the time limit unless set.'),
  retryBaseSeconds: whole(1, 900)
    .default(1)
    .describe('Delay before a failed message comes back, at first, in seconds.'),
  retryCapSeconds: whole(1, 43_200)
    .default(60)
    .describe('The longest such delay, in seconds; it doubles up to here.'),
  elasticsearchUrl: z
    .url({ protocol: /^https?$/, error: 'a http or https URL' })
    .check(({ value, issues }) => {
      const trouble = urlProblem(value);
      if (trouble) issues.push({ code: 'custom', message: trouble, input: value });
    })
    .default('http://127.0.0.1:9200')
    .describe(
      'Where the results go: an Elasticsearch 8 that the functions can reach, by https unless it is private.',
    ),
  elasticsearchApiKeySecret: secret.describe(
    'Name or ARN of the Secrets Manager secret that holds its API key; empty for none.',
  ),
  elasticsearchConsumerKeySecret: secret.describe(
    'The same for the consumer’s own key, which may do less; `elasticsearchApiKeySecret` unless set.',
  ),
  elasticsearchControlKeySecret: secret.describe(
    'The same for control’s own key; `elasticsearchApiKeySecret` unless set.',
  ),
  elasticsearchVerifyKeySecret: secret.describe(
    'The same for verify’s own key; `elasticsearchApiKeySecret` unless set.',
  ),
  elasticsearchCaFile: z
    .string()
    .check(({ value, issues }) => {
      const trouble = value === '' ? undefined : certificateProblem(resolve(PROJECT, value));
      if (trouble) issues.push({ code: 'custom', message: trouble, input: value });
    })
    .default('')
    .describe(
      'PEM file of the private authority behind its certificate, from the project’s folder; empty for none.',
    ),
  vpcId: ids('vpc', 1)
    .default('')
    .describe('The VPC to reach Elasticsearch in, with `subnetIds`; empty for none.'),
  subnetIds: ids('subnet', 16)
    .default('')
    .describe('Private subnets of `vpcId`, for the functions that ask Elasticsearch; commas between them.'),
  securityGroupIds: ids('sg', 5)
    .default('')
    .describe('Security groups for them; the stack makes one of its own unless set.'),
  index: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9_.-]{0,99}$/,
      'up to 100 lower-case letters, digits, hyphens, dots and underscores',
    )
    .optional()
    .describe(
      'Name of the results index, from the next run on. drumline-results, or drumline-STAGE-results, unless set.',
    ),
  indexMonthly: flag
    .default(false)
    .describe(
      'Whether each month has an index of its own, from the next run on; `index` is then the alias of all.',
    ),
  indexShards: whole(1, 1_024)
    .default(1)
    .describe('Primary shards of the results index, when it is made; Elasticsearch allows 1,024.'),
  indexReplicas: whole(0, 10)
    .default(1)
    .describe('Copies of each shard, when it is made. On a single node none can be placed.'),
  indexRefreshSeconds: whole(1, 3_600)
    .optional()
    .describe(
      'How soon searches see a document, in seconds, when it is made; Elasticsearch’s own way unless set.',
    ),
  ledgerTable: z
    .string()
    .regex(/^([a-zA-Z0-9_.-]{3,255})?$/, 'the name of a DynamoDB table')
    .default('')
    .describe(
      'A ledger to go on with: the table of an earlier stack, or a restored one. A new one unless set.',
    ),
  jobFile: z
    .string()
    .refine(
      (file) => statSync(resolve(PROJECT, file), { throwIfNoEntry: false })?.isFile(),
      'a TypeScript or JavaScript file that is there',
    )
    .default('functions/job.ts')
    .describe('The file with your job: its `input` and its `work`; from the project’s folder.'),
  workMs: whole(0, 600_000)
    .default(0)
    .describe('How long a job of the default functions/job.ts waits, in milliseconds, to stand for I/O.'),
  logLevel: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO').describe('What the functions log.'),
  logRetentionDays: oneOf(1, 3, 5, 7, 14, 30, 60, 90, 180, 365)
    .default(14)
    .describe('How long logs are kept, in days.'),
  enforceSsl: flag
    .optional()
    .describe(
      'Whether the queues refuse plain HTTP. Yes, unless AWS_ENDPOINT_URL is plain HTTP itself (an emulator).',
    ),
  bootstrapRoles: flag
    .default(false)
    .describe('Whether to deploy through the CDK bootstrap’s roles rather than with your own credentials.'),
});

export type Settings = z.output<typeof schema>;
export type SettingName = keyof Settings;

/** A setting is wrong: its name, its value, and what is allowed. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** Reads the settings from the app's context. @throws SettingError naming each wrong one, and each unknown name */
export function readSettings(node: Node): Settings {
  const names = Object.keys(schema.shape) as SettingName[];
  refuseUnknown(Object.keys(node.getAllContext()), names);
  const context = Object.fromEntries(names.map((name) => [name, node.tryGetContext(name) ?? undefined]));
  return parseSettings(context);
}

/** What a setting's name looks like. The CDK's own context has colons, slashes or hyphens in its names. */
const OUR_NAME = /^[a-zA-Z]\w*$/;

/** The CDK takes any name; a misspelt one would change nothing, and nobody would know. */
function refuseUnknown(given: string[], names: string[]): void {
  const unknown = given.filter((name) => OUR_NAME.test(name) && !names.includes(name));
  if (unknown.length === 0) return;
  const lines = unknown.map((name) => {
    const meant = nearest(name, names);
    return `setting ${name}= is unknown; ${meant ? `did you mean ${meant}?` : 'README.md lists those that there are'}`;
  });
  throw new SettingError(lines.join('\n'));
}

/** The setting that was probably meant: one that has the name in it, or in which few letters differ. */
function nearest(name: string, names: string[]): string | undefined {
  const distance = (other: string) =>
    other.toLowerCase().includes(name.toLowerCase()) ? 0 : leven(name.toLowerCase(), other.toLowerCase());
  const best = names.reduce((best, other) => (distance(other) < distance(best) ? other : best));
  return distance(best) <= name.length / 2 ? best : undefined;
}

/** @throws SettingError naming each wrong one */
export function parseSettings(context: Record<string, unknown>): Settings {
  const parsed = schema.safeParse(context);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => {
      const name = path.join('.');
      return `setting ${name}=${shown(context[name])}: ${message}`;
    });
    throw new SettingError(lines.join('\n'));
  }
  const troubles = crossSettingProblems(parsed.data);
  if (troubles.length > 0) {
    const lines = troubles.map(
      ({ name, message: says }) => `setting ${name}=${shown(parsed.data[name])}: ${says}`,
    );
    throw new SettingError(lines.join('\n'));
  }
  return parsed.data;
}

/** A value as it may be shown: of a URL not the user and password, even where it is none. */
function shown(value: unknown): string {
  return String(value).replace(/^([\w+.-]+:\/\/)?.*@/s, '$1…@');
}

/** When a message comes back whose worker has died, in seconds; AWS advises six times the function's time limit. */
export function visibilityTimeoutOf(settings: Settings): number {
  return settings.visibilityTimeoutSeconds ?? 6 * settings.consumerTimeoutSeconds;
}

/** Whether the queues refuse plain HTTP; an emulator on plain HTTP that heeds queue policies would refuse everything. */
export function enforcesSsl(settings: Settings): boolean {
  return settings.enforceSsl ?? !process.env.AWS_ENDPOINT_URL?.startsWith('http://');
}

/** Before the name of everything in a stack. */
export function prefixOf({ stage }: Pick<Settings, 'stage'>): string {
  return stage === '' ? 'drumline' : `drumline-${stage}`;
}

/** The stack's name. */
export function stackNameOf({ stage }: Pick<Settings, 'stage'>): string {
  return stage === '' ? 'Drumline' : `Drumline-${stage}`;
}

/** The results index. A stage has its own: two ledgers would give out the same jobIds for one index. */
export function indexOf(settings: Settings): string {
  return settings.index ?? `${prefixOf(settings)}-results`;
}
