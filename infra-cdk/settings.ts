import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Node } from 'constructs';
import * as z from 'zod';
import { MAX_JOBS_PER_MESSAGE } from '../functions/core/message.ts';

/** The project's folder. */
export const PROJECT = resolve(import.meta.dirname, '..');

/** A number in cdk.json, its digits by `-c`; not all that JavaScript would make a number of, as '', true or [3]. */
const number = (error: string) => z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], error);

const whole = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return number(error).pipe(z.int(error).min(least, error).max(most, error));
};

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
    .default(10)
    .describe('Jobs that share a message, from the next tick on; divides the cost of queue and ledger.'),
  jobConcurrency: whole(1, 10_000).default(10).describe('Jobs at a time inside a worker.'),
  maxAttempts: whole(1, 1_000).default(5).describe('How often a failing job is tried before it is given up.'),
  consumerTimeoutSeconds: whole(4, 900).default(10).describe('Time limit of one batch, in seconds.'),
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
    .default('http://127.0.0.1:9200')
    .describe('Where the results go: an Elasticsearch 8 that the functions can reach.'),
  elasticsearchApiKeySecret: z
    .string()
    .max(512)
    .default('')
    .describe('Name or ARN of the Secrets Manager secret that holds its API key; empty for none.'),
  index: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9_.-]{0,99}$/,
      'up to 100 lower-case letters, digits, hyphens, dots and underscores',
    )
    .optional()
    .describe('Name of the results index. drumline-results, or drumline-STAGE-results, unless set.'),
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

/** Reads the settings from the app's context. @throws SettingError naming each wrong one */
export function readSettings(node: Node): Settings {
  const names = Object.keys(schema.shape) as SettingName[];
  const context = Object.fromEntries(names.map((name) => [name, node.tryGetContext(name) ?? undefined]));
  return parseSettings(context);
}

/** @throws SettingError naming each wrong one */
export function parseSettings(context: Record<string, unknown>): Settings {
  const parsed = schema.safeParse(context);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => {
      const name = path.join('.');
      return `setting ${name}=${context[name]}: ${message}`;
    });
    throw new SettingError(lines.join('\n'));
  }
  const { visibilityTimeoutSeconds: visible, consumerTimeoutSeconds: timeout } = parsed.data;
  if (visible !== undefined && visible < timeout) {
    throw new SettingError(
      `setting visibilityTimeoutSeconds=${visible}: at least consumerTimeoutSeconds (${timeout}), or messages come back while they are worked on`,
    );
  }
  return parsed.data;
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
