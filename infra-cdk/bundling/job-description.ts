import * as z from 'zod';
import { FIELD_TYPES, type OutputMapping } from '../../functions/core/job/output-mapping.ts';

/** What the deployment needs to know about a job. */
export interface JobDescription {
  /** Whether it has a list; otherwise its jobs are numbered. */
  list: boolean;
  /** The Elasticsearch types of its output, if it names any. */
  output?: OutputMapping | undefined;
  needs: {
    permissions: { actions: string[]; resources: string[] }[];
    environment: Record<string, string>;
    /** Names or ARNs of secrets, by the names that the job uses. */
    secrets: Record<string, string>;
  };
}

/** The job file does not contain a job that can be deployed. The message has one line for each problem. */
export class JobError extends Error {
  override readonly name = 'JobError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** The names that IAM gives actions: a service, a colon and an action, which may have wildcards. */
const action = z
  .string('must be text')
  .regex(/^[a-z0-9-]+:[\w*?]+$/i, { error: 'must be an IAM action such as dynamodb:Scan' });

/** The parts of an ARN that belong to the deployment, as CloudFormation names them. */
export const ARN_VARIABLE = /\$\{AWS::(Region|AccountId|Partition)\}/g;

const resource = z
  .string('must be text')
  .regex(/^(\*|arn:.+)$/, 'must be an ARN such as arn:aws:s3:::my-bucket/*')
  .refine((arn) => !arn.replaceAll(ARN_VARIABLE, '').includes('${'), {
    error:
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as the user writes them
      'may contain only the variables ${AWS::Region}, ${AWS::AccountId} and ${AWS::Partition}',
  });

/**
 * Names of environment variables: "Using Lambda environment variables" in the Lambda Developer Guide has their form, and
 * reserves names that begin with AWS_ and LAMBDA_. Drumline sets the others itself.
 */
const RESERVED = /^(AWS_|LAMBDA_|DRUMLINE_|POWERTOOLS_LOG_LEVEL$)/;
const variable = z
  .string()
  .regex(/^[a-zA-Z]\w+$/, 'must be two or more letters, digits and underscores, a letter first')
  .refine((name) => !RESERVED.test(name), {
    error:
      'is reserved: AWS sets variables that begin with AWS_ or LAMBDA_, Drumline those with DRUMLINE_, and the setting logLevel sets POWERTOOLS_LOG_LEVEL',
  });

/** The maximum length of a secret's ARN (API reference of Secrets Manager, "GetSecretValue"). */
const MAX_SECRET_ID_CHARACTERS = 2_048;
const secretId = z
  .string('must be the name or ARN of a secret')
  .min(1, 'must be the name or ARN of a secret')
  .max(MAX_SECRET_ID_CHARACTERS, `must have at most ${MAX_SECRET_ID_CHARACTERS} characters`);

const FIELD_FORM = `must be one of ${FIELD_TYPES.join(', ')}`;
const fieldType = z.enum(FIELD_TYPES, FIELD_FORM);
/** Elasticsearch reads dots as levels of an object, so no level may be empty. */
const fieldName = z.string().regex(/^[^.\s]+( +[^.\s]+)*(\.[^.\s]+( +[^.\s]+)*)*$/, {
  error: 'is not a field name: it must not be empty, and needs text before and after each dot',
});
const property = z.union([fieldType, z.looseObject({ type: z.string().optional() })], {
  error: `${FIELD_FORM}, or a mapping of Elasticsearch such as { type: 'date', format: 'epoch_second' }`,
});

const parts = <Entry extends z.ZodType>(name: z.ZodType<string, string>, entry: Entry) =>
  z.record(name, entry, 'must be an object').default({});

const needs = z.strictObject(
  {
    permissions: z
      .array(
        z.strictObject(
          {
            actions: z.array(action, 'must be a list of IAM actions').min(1, 'must name an action'),
            resources: z.array(resource, 'must be a list of ARNs').min(1, 'must name a resource'),
          },
          'must be { actions: […], resources: […] }',
        ),
        'must be a list of { actions, resources }',
      )
      .default([]),
    environment: parts(variable, z.string('must be text')),
    secrets: parts(variable, secretId),
  },
  'must be an object with permissions, environment and secrets',
);

const method = (form: string) => z.custom((value) => typeof value === 'function', form);

/** The default export of a job file. */
const job = z.strictObject({
  run: method('must be a function'),
  items: z
    .looseObject({ read: method('must be a function') }, 'must be a list: list, pages or s3Lines')
    .optional(),
  item: z
    .custom(
      (value) =>
        typeof (value as { '~standard'?: { validate?: unknown } })?.['~standard']?.validate === 'function',
      'must be a schema of zod or another library that implements Standard Schema',
    )
    .optional(),
  output: z
    .union(
      [fieldType, z.record(fieldName, property)],
      `${FIELD_FORM}, or an object with the type of each field`,
    )
    .optional(),
  needs: needs.prefault({}),
});

/**
 * Describes the default export of a job file.
 * @throws JobError that names each part of the job that is wrong
 */
export function descriptionOf(exported: unknown): JobDescription {
  if (typeof exported !== 'object' || exported === null || !('run' in exported))
    throw new JobError(['it has no job: it must contain `export default defineJob({ … })`']);
  const { data, error } = job.safeParse(exported);
  if (!data) throw new JobError([...new Set(problemsOf(error))]);
  return {
    list: data.items !== undefined,
    ...(data.output !== undefined && { output: data.output as OutputMapping }),
    needs: data.needs,
  };
}

function problemsOf({ issues }: z.ZodError): string[] {
  return issues.flatMap((issue) => {
    const at = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${[at, key].filter(Boolean).join('.')}: there is no such property`);
    // The name of an entry, and not its value, is wrong.
    if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => `${at}: ${message}`);
    // Of several possibilities, the one for objects is meant: name the entry that is wrong.
    if (issue.code === 'invalid_union') {
      const nested = issue.errors.find((errors) => errors.some(({ path }) => path.length > 0));
      if (nested) return problemsOf({ issues: nested } as z.ZodError).map((problem) => `${at}.${problem}`);
    }
    return [`${at}: ${issue.message}`];
  });
}
