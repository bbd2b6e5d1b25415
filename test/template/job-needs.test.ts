import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { FUNCTIONS, readable, resourcesOf, synthesize, variables } from './synthesis.ts';

const folder = mkdtempSync(join(tmpdir(), 'drumline-needs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  return () => vi.unstubAllEnvs();
});

/** The context of a deployment, for which the job file is imported. */
const withJob = (jobFile: string) => ({ jobFile, 'aws:cdk:bundling-stacks': ['**'] });
const NEEDY = withJob('test/fixtures/jobs/needy.ts');

/** The functions that run the job's code. */
const JOB_FUNCTIONS = ['consumer', 'reader'];

test('what the job needs is allowed to the functions that run it, and to no other', () => {
  const statements = (context: object) =>
    Object.values(resourcesOf(synthesize({ ...context }), 'AWS::IAM::Policy')).flatMap(({ Properties }) => {
      const { Statement } = Properties.PolicyDocument as { Statement: object[] };
      return Statement.map(
        (each) => `${readable((Properties.Roles as unknown[])[0])} ${JSON.stringify(each)}`,
      );
    });
  const without = new Set(statements({}));
  const added = statements(NEEDY).filter((each) => !without.has(each));
  const expected = [
    {
      Action: ['dynamodb:Scan', 'sqs:SendMessage'],
      Effect: 'Allow',
      Resource: {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation replaces the variables
        'Fn::Sub': 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/customers',
      },
    },
    { Action: 's3:Get*', Effect: 'Allow', Resource: 'arn:aws:s3:::customers/*' },
    {
      Action: 'secretsmanager:GetSecretValue',
      Effect: 'Allow',
      Resource: {
        'Fn::Join': [
          '',
          [
            'arn:',
            { Ref: 'AWS::Partition' },
            ':secretsmanager:',
            { Ref: 'AWS::Region' },
            ':',
            { Ref: 'AWS::AccountId' },
            ':secret:crm/token-??????',
          ],
        ],
      },
    },
  ];
  expect(added.sort()).toEqual(
    ['ConsumerRole', 'ReaderRole']
      .flatMap((role) => expected.map((each) => `${role} ${JSON.stringify(each)}`))
      .sort(),
  );
});

test('the variables of the job go to the functions that run it, and to no other', () => {
  const template = synthesize(NEEDY);
  for (const name of FUNCTIONS) {
    const { CUSTOMERS, DRUMLINE_SECRETS } = variables(template, `drumline-${name}`);
    expect([name, CUSTOMERS, DRUMLINE_SECRETS]).toEqual(
      JOB_FUNCTIONS.includes(name)
        ? [name, 'customers', '{"CRM_TOKEN":"crm/token"}']
        : [name, undefined, undefined],
    );
  }
});

test('the functions that write documents or create the index know the types of the job', () => {
  const template = synthesize({ ...NEEDY, codeVersion: '1.4.0' });
  expect(variables(template, 'drumline-control').DRUMLINE_LIST).toBe('true');
  expect(variables(template, 'drumline-consumer').DRUMLINE_CODE_VERSION).toBe('1.4.0');
  for (const name of ['consumer', 'control']) {
    const mapping = JSON.parse(String(variables(template, `drumline-${name}`).DRUMLINE_MAPPING));
    expect(mapping).toMatchObject({
      item: { type: 'flattened' },
      output: { properties: { score: { type: 'float' }, at: { type: 'date', format: 'epoch_second' } } },
    });
  }
});

test.each([
  ['broken', 'export default { run: 5 };', 'run: must be a function'],
  [
    'large',
    `export default { run() {}, needs: { environment: { TEXT: '${'x'.repeat(3_000)}' } } };`,
    /^the environment variables of the consumer function take 4\d{3} bytes, and Lambda allows 4096: shorten/,
  ],
])(
  'a job that is %s stops the deployment in one line, but not the deletion of the stack',
  (name, code, problem) => {
    const jobFile = join(folder, `${name}.ts`);
    writeFileSync(jobFile, code);
    let message = '';
    try {
      synthesize(withJob(jobFile));
    } catch (error) {
      ({ message } = error as Error);
    }
    const start = `setting jobFile=${jobFile}: `;
    expect(message.startsWith(start)).toBe(true);
    expect(message.slice(start.length)).toMatch(problem);
    expect(message).not.toContain('\n');
    expect(() => synthesize({ jobFile })).not.toThrow();
  },
);
