import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FUNCTIONS, readable, resourcesOf, synthesize, variables } from './synthesis.ts';

beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  return () => vi.unstubAllEnvs();
});

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: unknown;
}

/** The items of a table that a statement covers. Fails for any other condition. */
function itemsOf(condition: unknown): string {
  if (condition === undefined) return '';
  const { 'ForAllValues:StringLike': like, ...others } = condition as Record<string, Record<string, unknown>>;
  expect(others).toEqual({});
  expect(Object.keys(like ?? {})).toEqual(['dynamodb:LeadingKeys']);
  return `, items ${[like?.['dynamodb:LeadingKeys']].flat().join(' ')}`;
}

/** A resource, readable. There is only one mapping, whose id contains the stack's name. */
function nameOf(resource: unknown): string {
  return readable(resource).replace(/:ConsumerFunctionSqsEventSource\w+$/, ':ConsumerMapping');
}

/** A role's permissions as lines of `action on resource`, with the items if the permission does not cover all items. */
function permissions(context: Record<string, unknown> = {}): Record<string, string[]> {
  const template = synthesize(context);
  const allowed: Record<string, string[]> = {};
  for (const role of Object.keys(resourcesOf(template, 'AWS::IAM::Role'))) allowed[role] = [];
  for (const { Properties } of Object.values(resourcesOf(template, 'AWS::IAM::Policy'))) {
    const { Statement } = Properties.PolicyDocument as { Statement: Statement[] };
    for (const role of Properties.Roles as unknown[]) {
      for (const { Effect, Action, Resource, Condition } of Statement) {
        // The policy for a VPC also denies actions. It has its own test.
        if (Effect === 'Deny') continue;
        expect(Effect).toBe('Allow');
        for (const action of [Action].flat())
          for (const resource of [Resource].flat())
            allowed[readable(role)]?.push(`${action} on ${nameOf(resource)}${itemsOf(Condition)}`);
      }
    }
  }
  // Some permissions are granted twice: by the stack and by the CDK's event source.
  return Object.fromEntries(
    Object.entries(allowed).map(([role, lines]) => [role, [...new Set(lines)].sort()]),
  );
}

/** The mapping from the jobs queue to the consumer. */
const MAPPING =
  'arn:{AWS::Partition}:lambda:{AWS::Region}:{AWS::AccountId}:event-source-mapping:ConsumerMapping';

/** Every role's permissions: no more, no less. Add a line here only together with the call that needs it. */
const ALLOWED: Record<string, string[]> = {
  SchedulerRole: [
    'dynamodb:GetItem on LedgerTable.Arn, items SCHEDULE RUNS RUN#* PASS#* SCALING',
    'dynamodb:PutItem on LedgerTable.Arn, items SCHEDULE RUNS RUN#* PASS#*',
    'dynamodb:UpdateItem on LedgerTable.Arn, items SCHEDULE RUNS RUN#* PASS#*',
    'lambda:InvokeFunction on arn:{AWS::Partition}:lambda:{AWS::Region}:{AWS::AccountId}:function:drumline-autoscaler',
    'lambda:InvokeFunction on arn:{AWS::Partition}:lambda:{AWS::Region}:{AWS::AccountId}:function:drumline-reader',
    // The scheduler invokes itself when its time runs out.
    'lambda:InvokeFunction on arn:{AWS::Partition}:lambda:{AWS::Region}:{AWS::AccountId}:function:drumline-scheduler',
    'logs:CreateLogStream on SchedulerLogs.Arn',
    'logs:PutLogEvents on SchedulerLogs.Arn',
    // Lambda sends abandoned events with this role.
    'sqs:SendMessage on QueuesAbandonedEvents.Arn',
    'sqs:SendMessage on QueuesJobs.Arn',
  ],
  // It may change how many workers there are, and nothing else of them.
  AutoscalerRole: [
    'dynamodb:GetItem on LedgerTable.Arn, items SCHEDULE RUNS RUN#* SCALING',
    'dynamodb:PutItem on LedgerTable.Arn, items SCALING',
    'dynamodb:Query on LedgerTable.Arn, items RUNS COUNTERS#* RUN#*',
    `lambda:GetEventSourceMapping on ${MAPPING}`,
    'lambda:GetFunctionConcurrency on ConsumerFunction.Arn',
    'lambda:PutFunctionConcurrency on ConsumerFunction.Arn',
    `lambda:UpdateEventSourceMapping on ${MAPPING}`,
    'logs:CreateLogStream on AutoscalerLogs.Arn',
    'logs:PutLogEvents on AutoscalerLogs.Arn',
    'sqs:GetQueueAttributes on QueuesJobs.Arn',
  ],
  ReaderRole: [
    'dynamodb:GetItem on LedgerTable.Arn, items RUNS PASS#*',
    'dynamodb:PutItem on LedgerTable.Arn, items PASS#*',
    'dynamodb:UpdateItem on LedgerTable.Arn, items PASS#*',
    'lambda:InvokeFunction on SchedulerFunction.Arn',
    'logs:CreateLogStream on ReaderLogs.Arn',
    'logs:PutLogEvents on ReaderLogs.Arn',
    's3:PutObject on ItemsBucket.Arn/once/*',
    's3:PutObject on ItemsBucket.Arn/shared/*',
  ],
  ConsumerRole: [
    'dynamodb:GetItem on LedgerTable.Arn, items RUN#* MESSAGE#* PASS#*',
    'dynamodb:PutItem on LedgerTable.Arn, items COUNTERS#* MESSAGE#*',
    'dynamodb:Query on LedgerTable.Arn, items COUNTERS#* PASS#*',
    'dynamodb:UpdateItem on LedgerTable.Arn, items COUNTERS#* MESSAGE#*',
    'logs:CreateLogStream on ConsumerLogs.Arn',
    'logs:PutLogEvents on ConsumerLogs.Arn',
    's3:GetObject on ItemsBucket.Arn/once/*',
    's3:GetObject on ItemsBucket.Arn/shared/*',
    's3:ListBucket on ItemsBucket.Arn',
    'sqs:ChangeMessageVisibility on QueuesJobs.Arn',
    'sqs:DeleteMessage on QueuesJobs.Arn',
    'sqs:GetQueueAttributes on QueuesJobs.Arn',
    'sqs:GetQueueUrl on QueuesJobs.Arn',
    'sqs:ReceiveMessage on QueuesJobs.Arn',
    'sqs:SendMessage on QueuesDeadLetters.Arn',
    'sqs:SendMessage on QueuesJobs.Arn',
  ],
  StatusRole: [
    'dynamodb:GetItem on LedgerTable.Arn',
    'dynamodb:Query on LedgerTable.Arn',
    'lambda:GetFunctionConcurrency on ConsumerFunction.Arn',
    'logs:CreateLogStream on StatusLogs.Arn',
    'logs:PutLogEvents on StatusLogs.Arn',
    's3:GetObject on ItemsBucket.Arn/once/*',
    's3:GetObject on ItemsBucket.Arn/shared/*',
    's3:ListBucket on ItemsBucket.Arn',
    'sqs:GetQueueAttributes on QueuesDeadLetters.Arn',
    'sqs:GetQueueAttributes on QueuesJobs.Arn',
  ],
  ControlRole: [
    'dynamodb:GetItem on LedgerTable.Arn, items SCHEDULE RUNS SCALING',
    'dynamodb:PutItem on LedgerTable.Arn, items SCALING',
    'dynamodb:PutItem on LedgerTable.Arn, items SCHEDULE RUNS',
    'dynamodb:UpdateItem on LedgerTable.Arn, items SCHEDULE RUNS',
    'lambda:InvokeFunction on AutoscalerFunction.Arn',
    'lambda:InvokeFunction on SchedulerFunction.Arn',
    'logs:CreateLogStream on ControlLogs.Arn',
    'logs:PutLogEvents on ControlLogs.Arn',
  ],
  VerifyRole: [
    'dynamodb:GetItem on LedgerTable.Arn',
    'dynamodb:Query on LedgerTable.Arn',
    'logs:CreateLogStream on VerifyLogs.Arn',
    'logs:PutLogEvents on VerifyLogs.Arn',
  ],
};

/**
 * The IAM actions that the stack uses: Service Authorization Reference, "Actions, resources, and condition keys"
 * for Amazon DynamoDB, AWS KMS, Amazon S3, Amazon SQS, AWS Lambda, Amazon CloudWatch Logs and AWS Secrets Manager.
 */
const DEFINED = new Set([
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
  'kms:Decrypt',
  'kms:GenerateDataKey',
  'lambda:GetEventSourceMapping',
  'lambda:GetFunctionConcurrency',
  'lambda:InvokeFunction',
  'lambda:PutFunctionConcurrency',
  'lambda:UpdateEventSourceMapping',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  's3:GetObject',
  's3:ListBucket',
  's3:PutObject',
  'secretsmanager:GetSecretValue',
  'sqs:ChangeMessageVisibility',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:GetQueueUrl',
  'sqs:ReceiveMessage',
  'sqs:SendMessage',
]);

/** Additional permissions, with an API key, of the functions that use Elasticsearch. */
function readingSecret(secret: string): string[] {
  return [`secretsmanager:GetSecretValue on ${secret}`];
}

const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-key-AbCdEf';
const KMS_KEY = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';
const SETTINGS: [string, Record<string, unknown>][] = [
  ['the default settings', {}],
  ['another stage', { stage: 'demo' }],
  ['an API key by its secret’s name', { elasticsearchApiKeySecret: 'search-key' }],
  ['an API key by its secret’s ARN', { elasticsearchApiKeySecret: SECRET_ARN }],
  ['a key of the customer', { kmsKey: KMS_KEY }],
];

describe('least privilege', () => {
  test('has one role per function and no other', () => {
    expect(Object.keys(ALLOWED)).toHaveLength(FUNCTIONS.length);
    expect(Object.keys(permissions()).sort()).toEqual(Object.keys(ALLOWED).sort());
  });

  test.each(Object.entries(ALLOWED))('%s allows exactly the calls of its function', (role, allowed) => {
    expect(permissions()[role]).toEqual(allowed);
    const demo = allowed.map((line) => line.replace(':function:drumline-', ':function:drumline-demo-'));
    expect(permissions({ stage: 'demo' })[role]).toEqual(demo);
  });

  test.each([
    [
      'name',
      'search-key',
      'arn:{AWS::Partition}:secretsmanager:{AWS::Region}:{AWS::AccountId}:secret:search-key-??????',
    ],
    ['ARN', SECRET_ARN, SECRET_ARN],
  ])('lets only those read the API key, by its secret’s %s, that ask Elasticsearch', (_by, given, secret) => {
    const may = permissions({ elasticsearchApiKeySecret: given });
    for (const [role, allowed] of Object.entries(ALLOWED)) {
      const reads = ['ConsumerRole', 'StatusRole', 'ControlRole', 'VerifyRole'].includes(role);
      expect([role, may[role]]).toEqual([role, [...allowed, ...(reads ? readingSecret(secret) : [])].sort()]);
    }
  });

  test('lets every function decrypt with the customer’s key, and only those encrypt that send messages or store items', () => {
    const may = permissions({ kmsKey: KMS_KEY });
    for (const [role, allowed] of Object.entries(ALLOWED)) {
      const writes = ['SchedulerRole', 'ReaderRole', 'ConsumerRole'].includes(role);
      const lines = ['kms:Decrypt', ...(writes ? ['kms:GenerateDataKey'] : [])].map(
        (action) => `${action} on ${KMS_KEY}`,
      );
      expect([role, may[role]]).toEqual([role, [...allowed, ...lines].sort()]);
    }
  });

  test('lets a function read its own key only', () => {
    const own = {
      Consumer: 'consumer-key',
      Status: 'status-key',
      Control: 'control-key',
      Verify: 'verify-key',
    };
    const secret = (name: string) =>
      readingSecret(
        `arn:{AWS::Partition}:secretsmanager:{AWS::Region}:{AWS::AccountId}:secret:${name}-??????`,
      );
    for (const shared of ['', 'shared-key']) {
      for (const without of Object.keys(own)) {
        const keys = Object.entries(own).filter(([name]) => name !== without);
        const context = {
          elasticsearchApiKeySecret: shared,
          ...Object.fromEntries(keys.map(([name, key]) => [`elasticsearch${name}KeySecret`, key])),
        };
        const may = permissions(context);
        for (const [name] of Object.entries(own)) {
          const key = new Map(keys).get(name) ?? shared;
          const reads = key === '' ? [] : secret(key);
          const role = `${name}Role`;
          expect([role, may[role]]).toEqual([role, [...(ALLOWED[role] ?? []), ...reads].sort()]);
          expect(
            variables(synthesize(context), `drumline-${name.toLowerCase()}`)
              .DRUMLINE_ELASTICSEARCH_API_KEY_SECRET,
          ).toBe(key);
        }
      }
    }
  });

  test("lets Lambda connect a function to a VPC, but not the function's code", () => {
    const context = { vpcId: 'vpc-0a1b2c3d', subnetIds: 'subnet-0a1b2c3d', securityGroupIds: 'sg-0a1b2c3d' };
    const may = permissions(context);
    const connecting = [
      'AssignPrivateIpAddresses',
      'CreateNetworkInterface',
      'DeleteNetworkInterface',
      'DescribeNetworkInterfaces',
      'DescribeSubnets',
      'UnassignPrivateIpAddresses',
    ].map((action) => `ec2:${action} on *`);
    const template = synthesize(context);
    const policies = Object.values(resourcesOf(template, 'AWS::IAM::Policy'));
    for (const [role, allowed] of Object.entries(ALLOWED)) {
      const connected = !['SchedulerRole', 'AutoscalerRole'].includes(role);
      expect([role, may[role]]).toEqual([role, [...allowed, ...(connected ? connecting : [])].sort()]);
      const { Properties } = policies.find((policy) =>
        (policy.Properties.Roles as unknown[]).map(readable).includes(role),
      ) as (typeof policies)[number];
      const { Statement } = Properties.PolicyDocument as { Statement: Statement[] };
      const denied = Statement.filter(({ Effect }) => Effect === 'Deny');
      expect(denied).toHaveLength(connected ? 1 : 0);
      for (const { Action, Resource, Condition } of denied) {
        expect(
          [Action]
            .flat()
            .map((action) => `${action} on ${Resource}`)
            .sort(),
        ).toEqual(connecting);
        const { ArnEquals } = Condition as { ArnEquals: Record<string, unknown[]> };
        expect(ArnEquals['lambda:SourceFunctionArn']?.map(readable)).toEqual([
          `arn:{AWS::Partition}:lambda:{AWS::Region}:{AWS::AccountId}:function:drumline-${role.replace('Role', '').toLowerCase()}`,
        ]);
      }
    }
  });

  test.each(SETTINGS)(
    'names every resource with %s: none is a wildcard, except items by the prefix of their keys, nor is an action',
    (_what, context) => {
      for (const line of Object.values(permissions(context)).flat())
        expect(line.split(', items ')[0]?.replace(/ItemsBucket\.Arn\/(once|shared)\/\*$/, '')).not.toContain(
          '*',
        );
    },
  );

  test.each(SETTINGS)('names only actions that IAM defines, with %s', (_what, context) => {
    const named = Object.values(permissions(context))
      .flat()
      .map((line) => line.split(' on ')[0]);
    expect(named.filter((action) => !DEFINED.has(action ?? ''))).toEqual([]);
  });

  test('allows the extra actions of emulators only in a template for an emulator', () => {
    const onAws = permissions();
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4566');
    const besides = Object.entries(permissions()).flatMap(([role, lines]) =>
      lines.filter((line) => !onAws[role]?.includes(line)).map((line) => `${role}: ${line}`),
    );
    expect(besides.sort()).toEqual([
      `AutoscalerRole: lambda:ListEventSourceMappings on ${MAPPING}`,
      'ConsumerRole: sqs:SendMessageBatch on QueuesDeadLetters.Arn',
      'ConsumerRole: sqs:SendMessageBatch on QueuesJobs.Arn',
      'SchedulerRole: sqs:SendMessageBatch on QueuesAbandonedEvents.Arn',
      'SchedulerRole: sqs:SendMessageBatch on QueuesJobs.Arn',
      'StatusRole: lambda:PutFunctionConcurrency on ConsumerFunction.Arn',
    ]);
    vi.stubEnv('AWS_ENDPOINT_URL', '');
    expect(permissions()).toEqual(onAws);
  });

  test.each(SETTINGS)('attaches no managed policy to a role, with %s', (_what, context) => {
    const template = synthesize(context);
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
    template.resourceCountIs('AWS::IAM::User', 0);
    template.resourceCountIs('AWS::IAM::Group', 0);
    for (const { Properties } of Object.values(resourcesOf(template, 'AWS::IAM::Role'))) {
      expect(Properties).toEqual({
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
          ],
        },
      });
    }
    for (const { Properties } of Object.values(resourcesOf(template, 'AWS::IAM::Policy'))) {
      expect(Properties).not.toHaveProperty('Users');
      expect(Properties).not.toHaveProperty('Groups');
      expect(Properties.Roles).toHaveLength(1);
    }
  });

  test.each(SETTINGS)(
    'lets nobody in by a resource’s own policy but the rule, to the scheduler, the autoscaler and the queue of what it gives up, with %s',
    (_what, context) => {
      const template = synthesize(context);
      template.resourceCountIs('AWS::Lambda::Permission', 2);
      template.resourceCountIs('AWS::Lambda::Url', 0);
      template.resourceCountIs('AWS::Lambda::EventInvokeConfig', 3);
      const allowed = Object.values(resourcesOf(template, 'AWS::SQS::QueuePolicy')).flatMap(
        ({ Properties }) => {
          const { Statement } = Properties.PolicyDocument as { Statement: (Statement & { Sid: string })[] };
          return Statement.filter(({ Effect }) => Effect !== 'Deny');
        },
      );
      expect(
        allowed.map(({ Sid: _, Resource, Condition, ...rest }) => {
          const { ArnEquals, ...others } = Condition as { ArnEquals: Record<string, unknown> };
          expect([Object.keys(ArnEquals), others]).toEqual([['aws:SourceArn'], {}]);
          return { ...rest, on: readable(Resource), from: readable(ArnEquals['aws:SourceArn']) };
        }),
      ).toEqual([
        {
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'sqs:SendMessage',
          on: 'QueuesAbandonedEvents.Arn',
          from: 'SchedulerEveryMinute.Arn',
        },
      ]);
    },
  );
});
