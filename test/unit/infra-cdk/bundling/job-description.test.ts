import { describe, expect, test } from 'vitest';
import { descriptionOf, JobError } from '../../../../infra-cdk/bundling/job-description.ts';

const run = () => 1;

function problemsOf(exported: unknown): readonly string[] {
  try {
    descriptionOf(exported);
  } catch (error) {
    expect(error).toBeInstanceOf(JobError);
    return (error as JobError).problems;
  }
  return [];
}

describe('the description of a job', () => {
  test.each([
    [{ run }, { list: false, needs: { permissions: [], environment: {}, secrets: {} } }],
    [
      { run, output: 'long' },
      { list: false, output: 'long', needs: { permissions: [], environment: {}, secrets: {} } },
    ],
    [
      {
        run,
        items: { read: run },
        item: { '~standard': { validate: run } },
        output: { 'address.city': 'keyword', 'first name': { type: 'text' }, open: { properties: {} } },
        needs: { environment: { TABLE: '' }, permissions: [{ actions: ['s3:*'], resources: ['*'] }] },
      },
      {
        list: true,
        output: { 'address.city': 'keyword', 'first name': { type: 'text' }, open: { properties: {} } },
        needs: {
          environment: { TABLE: '' },
          permissions: [{ actions: ['s3:*'], resources: ['*'] }],
          secrets: {},
        },
      },
    ],
  ])('contains what the deployment needs: %#', (exported, expected) => {
    expect(descriptionOf(exported)).toEqual(expected);
  });

  const permission = (statement: object) => ({ needs: { permissions: [statement] } });
  const arn = 'arn:aws:s3:::customers/*';
  test.each<[part: object, ...problems: (string | RegExp)[]]>([
    [{ run: 5 }, 'run: must be a function'],
    [{ itmes: [] }, 'itmes: there is no such property'],
    [{ items: [1, 2] }, 'items: must be a list: list, pages or s3Lines'],
    [{ items: 5 }, 'items: must be a list: list, pages or s3Lines'],
    [{ item: { parse: run } }, /^item: must be a schema of zod/],
    [
      { output: 'strng' },
      /^output: must be one of binary, .*, wildcard, or an object with the type of each field$/,
    ],
    [{ output: { score: 'flaot' } }, /^output\.score: must be one of binary, /],
    [{ output: { a: 'long', b: 5 } }, /^output\.b: must be one of binary, /],
    ...['', '.a', 'a..b', 'a.', ' ', 'a. b'].map((name): [object, RegExp] => [
      { output: { [name]: 'long' } },
      /^output\..*: is not a field name/,
    ]),
    [{ needs: { permission: [] } }, 'needs.permission: there is no such property'],
    [permission({ actions: [], resources: [arn] }), 'needs.permissions.0.actions: must name an action'],
    [
      permission({ actions: ['s3:GetObject'], resources: [] }),
      'needs.permissions.0.resources: must name a resource',
    ],
    ...['*', 'GetObject', 's3:', 's3 :Get', ':Get'].map((action): [object, RegExp] => [
      permission({ actions: ['s3:GetObject', action], resources: [arn] }),
      /^needs\.permissions\.0\.actions\.1: must be an IAM action/,
    ]),
    [
      permission({ actions: ['s3:GetObject'], resources: ['customers'] }),
      /^needs\.permissions\.0\.resources\.0: must be an ARN/,
    ],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as a user may write it
      permission({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::${BUCKET}/*'] }),
      /^needs\.permissions\.0\.resources\.0: may contain only the variables/,
    ],
    [
      permission({ actions: ['s3:GetObject'], resource: arn }),
      'needs.permissions.0.resources: must be a list of ARNs',
      'needs.permissions.0.resource: there is no such property',
    ],
    ...['AWS_REGION', 'LAMBDA_TASK_ROOT', 'DRUMLINE_TABLE', 'POWERTOOLS_LOG_LEVEL'].map(
      (name): [object, RegExp] => [
        { needs: { environment: { [name]: 'x' } } },
        new RegExp(`^needs\\.environment\\.${name}: is reserved`),
      ],
    ),
    ...['A', '1A', 'A-B', '_AB'].map((name): [object, string] => [
      { needs: { environment: { [name]: 'x' } } },
      `needs.environment.${name}: must be two or more letters, digits and underscores, a letter first`,
    ]),
    [{ needs: { environment: { PORT: 80 } } }, 'needs.environment.PORT: must be text'],
    [{ needs: { secrets: { TOKEN: '' } } }, 'needs.secrets.TOKEN: must be the name or ARN of a secret'],
  ])('names what is wrong: %j', (part, ...problems) => {
    const found = problemsOf({ run, ...part });
    expect(found).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries()) expect(found[index]).toMatch(problem);
  });

  test.each([undefined, null, 5, {}, { work: run }])(
    'needs a job as the default export, not %j',
    (exported) => {
      expect(problemsOf(exported)).toEqual([
        'it has no job: it must contain `export default defineJob({ … })`',
      ]);
    },
  );
});
