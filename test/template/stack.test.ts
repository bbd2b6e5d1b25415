import type { Template } from 'aws-cdk-lib/assertions';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { segmentKey } from '../../functions/core/items/segment.ts';
import { MAX_SHARED_MS } from '../../functions/core/model/pass.ts';
import { MAX_LATENESS_MS } from '../../functions/core/model/schedule.ts';
import { FUNCTIONS, only, readable, resourcesOf, synthesize, variables } from './synthesis.ts';

beforeEach(() => {
  // The environment of the tests must not affect the templates.
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function queue(template: Template, name: string) {
  return only(template, 'AWS::SQS::Queue', 'QueueName', name).Properties;
}

function consumer(template: Template) {
  return only(template, 'AWS::Lambda::Function', 'FunctionName', 'drumline-consumer').Properties;
}

/** How a function is invoked asynchronously. */
function asyncInvocation(template: Template, name: string) {
  const configs = Object.values(resourcesOf(template, 'AWS::Lambda::EventInvokeConfig'));
  const found = configs.find(({ Properties }) => readable(Properties.FunctionName) === name);
  const { FunctionName: _, ...config } = found?.Properties ?? {};
  return config;
}

function mapping(template: Template) {
  return only(template, 'AWS::Lambda::EventSourceMapping').Properties;
}

describe('the queues', () => {
  test('are three, and encrypted', () => {
    const template = synthesize();
    template.resourceCountIs('AWS::SQS::Queue', 3);
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
  });

  /** The queues that refuse plain HTTP. */
  function refusing(template: Template): string[] {
    return Object.values(resourcesOf(template, 'AWS::SQS::QueuePolicy')).flatMap(({ Properties }) => {
      const { Statement } = Properties.PolicyDocument as { Statement: { Effect: string }[] };
      const denied = Statement.filter(({ Effect }) => Effect === 'Deny');
      return denied.map((statement) => {
        const { Resource, ...rest } = statement as unknown as Record<string, unknown>;
        expect(rest).toEqual({
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 'sqs:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        });
        expect((Properties.Queues as unknown[]).map((each) => `${readable(each)}.Arn`)).toEqual([
          readable(Resource),
        ]);
        return readable(Resource);
      });
    });
  }

  test('all refuse plain HTTP', () => {
    expect(refusing(synthesize()).sort()).toEqual([
      'QueuesAbandonedEvents.Arn',
      'QueuesDeadLetters.Arn',
      'QueuesJobs.Arn',
    ]);
  });

  test.each([
    ['enforceSsl is false', { enforceSsl: 'false' }, undefined, 0],
    ['enforceSsl is false in cdk.json', { enforceSsl: false }, undefined, 0],
    ['the endpoint is plain HTTP', {}, 'http://127.0.0.1:4566', 0],
    [
      'the endpoint is plain HTTP, but enforceSsl is true',
      { enforceSsl: 'true' },
      'http://127.0.0.1:4566',
      3,
    ],
    ['the endpoint is HTTPS', {}, 'https://localhost:4566', 3],
    ['the endpoint is HTTPS, but enforceSsl is false', { enforceSsl: 'false' }, 'https://localhost:4566', 0],
    ['there is no endpoint', {}, undefined, 3],
    ['the endpoint is empty', {}, '', 3],
  ])('refuse plain HTTP or not, when %s', (_what, context, endpoint, queues) => {
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    expect(refusing(synthesize(context))).toHaveLength(queues);
  });

  test('redrive a message to the dead-letter queue after as many receives as SQS allows', () => {
    const { RedrivePolicy } = queue(synthesize(), 'drumline-jobs');
    const { deadLetterTargetArn, maxReceiveCount } = RedrivePolicy as Record<string, unknown>;
    expect(readable(deadLetterTargetArn)).toBe('QueuesDeadLetters.Arn');
    expect(maxReceiveCount).toBe(1_000);
  });

  test('keep a dead letter for 14 days, the maximum of SQS', () => {
    expect(queue(synthesize(), 'drumline-dead-letters').MessageRetentionPeriod).toBe(14 * 86_400);
  });

  test.each([
    [{}, 180],
    [{ consumerTimeoutSeconds: '20' }, 120],
    [{ consumerTimeoutSeconds: '900' }, 5_400],
    [{ visibilityTimeoutSeconds: '45' }, 45],
    [{ consumerTimeoutSeconds: '30', visibilityTimeoutSeconds: '30' }, 30],
  ])('hide a message for six times the consumer’s time limit unless set: %j → %i s', (context, seconds) => {
    expect(queue(synthesize(context), 'drumline-jobs').VisibilityTimeout).toBe(seconds);
  });
});

test('a key of the customer encrypts queues, table and bucket, instead of the keys of AWS', () => {
  const kmsKey = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';
  const template = synthesize({ kmsKey });
  const queues = Object.values(resourcesOf(template, 'AWS::SQS::Queue')).map(({ Properties }) => [
    Properties.KmsMasterKeyId,
    Properties.SqsManagedSseEnabled,
  ]);
  expect(queues).toEqual(Array(3).fill([kmsKey, undefined]));
  expect(only(template, 'AWS::DynamoDB::Table').Properties.SSESpecification).toEqual({
    KMSMasterKeyId: kmsKey,
    SSEEnabled: true,
    SSEType: 'KMS',
  });
  expect(only(template, 'AWS::S3::Bucket').Properties.BucketEncryption).toEqual({
    ServerSideEncryptionConfiguration: [
      {
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKey },
      },
    ],
  });
});

describe('the ledger', () => {
  test("is one on-demand table with point-in-time recovery and TTL, retained with the stack's deletion", () => {
    const { Properties, DeletionPolicy, UpdateReplacePolicy } = only(synthesize(), 'AWS::DynamoDB::Table');
    expect(Properties).toEqual({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
  });

  test('is an existing table if the settings name one', () => {
    const template = synthesize({ ledgerTable: 'restored-ledger' });
    template.resourceCountIs('AWS::DynamoDB::Table', 0);
    for (const name of FUNCTIONS)
      expect(variables(template, `drumline-${name}`).DRUMLINE_TABLE).toBe('restored-ledger');
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(policies).toContain(':table/restored-ledger"');
    expect(policies).not.toContain('"LedgerTable');
  });

  test("keeps a message's record longer than all queues together can keep the message", () => {
    const template = synthesize();
    const remembered = Number(variables(template, 'drumline-consumer').DRUMLINE_LEDGER_TTL_SECONDS);
    const jobs = Number(queue(template, 'drumline-jobs').MessageRetentionPeriod);
    const deadLetters = Number(queue(template, 'drumline-dead-letters').MessageRetentionPeriod);
    expect(jobs).toBeGreaterThan(0);
    expect(remembered).toBeGreaterThan(jobs + deadLetters + jobs);
  });
});

describe('the functions', () => {
  test('are these seven', () => {
    const names = Object.values(resourcesOf(synthesize(), 'AWS::Lambda::Function')).map(
      ({ Properties }) => Properties.FunctionName,
    );
    expect(names.sort()).toEqual(FUNCTIONS.map((name) => `drumline-${name}`).sort());
  });

  test.each(FUNCTIONS)('%s has its own log group with the retention of the settings', (name) => {
    for (const [context, days] of [
      [{}, 14],
      [{ logRetentionDays: '90' }, 90],
    ] as const) {
      const template = synthesize(context);
      const { Properties, DeletionPolicy } = only(
        template,
        'AWS::Logs::LogGroup',
        'LogGroupName',
        `/drumline/drumline-${name}`,
      );
      expect(Properties.RetentionInDays).toBe(days);
      expect(DeletionPolicy).toBe('Delete');
      const writer = only(template, 'AWS::Lambda::Function', 'FunctionName', `drumline-${name}`).Properties;
      const { LogGroup } = writer.LoggingConfig as { LogGroup: unknown };
      expect(readable(LogGroup).toLowerCase()).toBe(`${name}logs`);
    }
  });

  test.each(FUNCTIONS)('%s runs on arm64 and Node 24 with its own role', (name) => {
    const { Properties } = only(synthesize(), 'AWS::Lambda::Function', 'FunctionName', `drumline-${name}`);
    expect(Properties).toMatchObject({
      Architectures: ['arm64'],
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
    });
    expect(readable(Properties.Role).toLowerCase()).toBe(`${name}role.arn`);
  });

  test('have time limits that the local cloud and AWS allow', () => {
    const timeouts = Object.values(resourcesOf(synthesize(), 'AWS::Lambda::Function')).map(
      ({ Properties }) => [Properties.FunctionName, Properties.Timeout],
    );
    expect(Object.fromEntries(timeouts)).toEqual({
      'drumline-scheduler': 120,
      'drumline-autoscaler': 120,
      'drumline-reader': 900,
      'drumline-consumer': 30,
      'drumline-status': 30,
      'drumline-control': 30,
      'drumline-verify': 300,
    });
  });
});

describe('the consumer', () => {
  test('may send messages back to its queue more often than Lambda’s loop detection allows', () => {
    const template = synthesize();
    for (const name of FUNCTIONS) {
      const named = only(template, 'AWS::Lambda::Function', 'FunctionName', `drumline-${name}`);
      expect(named.Properties.RecursiveLoop, name).toBe(name === 'consumer' ? 'Allow' : undefined);
    }
  });

  test.each([
    [1, 1, 2],
    [2, 2, 2],
    [3, 3, 3],
    [1_000, 1_000, 1_000],
  ])(
    'scales by one number: concurrency %i reserves %i, and the mapping takes at most %i, of which AWS allows no less than 2',
    (concurrency, reserved, maximum) => {
      const template = synthesize({ concurrency: String(concurrency) });
      expect(consumer(template).ReservedConcurrentExecutions).toBe(reserved);
      expect(mapping(template).ScalingConfig).toEqual({ MaximumConcurrency: maximum });
    },
  );

  test('is the only function with reserved concurrency', () => {
    const reserved = Object.values(resourcesOf(synthesize(), 'AWS::Lambda::Function'))
      .filter(({ Properties }) => Properties.ReservedConcurrentExecutions !== undefined)
      .map(({ Properties }) => Properties.FunctionName);
    expect(reserved).toEqual(['drumline-consumer']);
  });

  test('receives from the jobs queue, and reports single messages of a batch as failed', () => {
    const { EventSourceArn, FunctionName, ...rest } = mapping(synthesize());
    expect(readable(EventSourceArn)).toBe('QueuesJobs.Arn');
    expect(readable(FunctionName)).toBe('ConsumerFunction');
    expect(rest).toEqual({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });

  test.each([
    [{ minimumPollers: '4' }, { MinimumPollers: 4 }],
    [{ maximumPollers: '20' }, { MaximumPollers: 20 }],
    [
      { minimumPollers: '4', maximumPollers: '20' },
      { MinimumPollers: 4, MaximumPollers: 20 },
    ],
  ])('has provisioned pollers instead of a maximum of the mapping: %j', (context, pollers) => {
    const template = synthesize({ ...context, concurrency: '200' });
    expect(mapping(template)).not.toHaveProperty('ScalingConfig');
    expect(mapping(template).ProvisionedPollerConfig).toEqual(pollers);
    expect(consumer(template).ReservedConcurrentExecutions).toBe(200);
  });

  test('has a batching window only if AWS requires one', () => {
    expect(mapping(synthesize({ batchSize: '10' })).MaximumBatchingWindowInSeconds).toBeUndefined();
    expect(mapping(synthesize({ batchSize: '11' }))).toMatchObject({
      BatchSize: 11,
      MaximumBatchingWindowInSeconds: 1,
    });
  });

  test('gets its settings as environment variables', () => {
    const template = synthesize({
      ...{
        jobConcurrency: '3',
        maxAttempts: '7',
        retryBaseSeconds: '2',
        retryCapSeconds: '90',
        workMs: '100',
      },
      ...{ consumerTimeoutSeconds: '20', consumerMemoryMb: '1024', logLevel: 'DEBUG' },
      ...{
        elasticsearchUrl: 'https://search.example:9243',
        elasticsearchApiKeySecret: 'key',
        index: 'other',
      },
    });
    expect(consumer(template)).toMatchObject({ Timeout: 20, MemorySize: 1_024 });
    expect(variables(template, 'drumline-consumer')).toMatchObject({
      DRUMLINE_JOB_CONCURRENCY: '3',
      DRUMLINE_MAX_ATTEMPTS: '7',
      DRUMLINE_RETRY_BASE_SECONDS: '2',
      DRUMLINE_RETRY_CAP_SECONDS: '90',
      DRUMLINE_WORK_MS: '100',
      DRUMLINE_ELASTICSEARCH_URL: 'https://search.example:9243',
      DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: 'key',
      DRUMLINE_INDEX: 'other',
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
    });
  });
});

describe('the scheduler', () => {
  test('is invoked every minute by an enabled rule, which may invoke the autoscaler, too', () => {
    const template = synthesize();
    const rule = only(template, 'AWS::Events::Rule').Properties;
    expect(rule).toMatchObject({ ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
    expect((rule.Targets as { Arn: unknown }[]).map(({ Arn }) => readable(Arn))).toEqual([
      'SchedulerFunction.Arn',
      'AutoscalerFunction.Arn',
    ]);
    const permissions = Object.values(resourcesOf(template, 'AWS::Lambda::Permission'));
    for (const { Properties } of permissions) {
      const { SourceArn, FunctionName: _, ...permission } = Properties;
      expect(permission).toEqual({ Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com' });
      expect(readable(SourceArn)).toBe('SchedulerEveryMinute.Arn');
    }
    expect(permissions.map(({ Properties }) => readable(Properties.FunctionName)).sort()).toEqual([
      'AutoscalerFunction.Arn',
      'SchedulerFunction.Arn',
    ]);
  });

  test('gets events of limited age and few retries, and abandoned events are kept', () => {
    const template = synthesize();
    const seconds = MAX_LATENESS_MS / 1_000;
    const [target] = only(template, 'AWS::Events::Rule').Properties.Targets as [
      { RetryPolicy: unknown; DeadLetterConfig: { Arn: unknown } },
    ];
    expect(target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: seconds, MaximumRetryAttempts: 3 });
    expect(readable(target.DeadLetterConfig.Arn)).toBe('QueuesAbandonedEvents.Arn');
    const { DestinationConfig, ...limits } = asyncInvocation(template, 'SchedulerFunction');
    expect(limits).toEqual({
      MaximumEventAgeInSeconds: seconds,
      MaximumRetryAttempts: 1,
      Qualifier: '$LATEST',
    });
    const { OnFailure } = DestinationConfig as { OnFailure: { Destination: unknown } };
    expect(readable(OnFailure.Destination)).toBe('QueuesAbandonedEvents.Arn');
    expect(DestinationConfig).not.toHaveProperty('OnSuccess');
    expect(queue(template, 'drumline-abandoned-events').MessageRetentionPeriod).toBe(14 * 86_400);
  });

  test("gets its role's permissions before its failure destination", () => {
    // Lambda refuses a destination that the role may not send to.
    const { DependsOn } = only(
      synthesize(),
      'AWS::Lambda::Function',
      'FunctionName',
      'drumline-scheduler',
    ) as unknown as { DependsOn: string[] };
    expect(DependsOn.some((id) => id.startsWith('SchedulerRoleDefaultPolicy'))).toBe(true);
  });

  test('packs messages as the settings say', () => {
    const template = synthesize({ jobsPerMessage: '500' });
    expect(variables(template, 'drumline-scheduler').DRUMLINE_JOBS_PER_MESSAGE).toBe('500');
    const { DRUMLINE_PACKING } = variables(
      synthesize({ batchSize: 3, jobConcurrency: 4, consumerTimeoutSeconds: 20, concurrency: 6 }),
      'drumline-scheduler',
    );
    const capacity = { batchSize: 3, jobConcurrency: 4, timeoutMs: 20_000, workers: 6 };
    expect(JSON.parse(DRUMLINE_PACKING as string)).toEqual(capacity);
  });
});

describe('the autoscaler', () => {
  test('knows the consumer’s mapping, unless that has provisioned pollers', () => {
    const mappingOf = (context: Record<string, unknown>) =>
      readable(variables(synthesize(context), 'drumline-autoscaler').DRUMLINE_EVENT_SOURCE_MAPPING);
    expect(mappingOf({})).toMatch(/^ConsumerFunctionSqsEventSource/);
    expect(mappingOf({ minimumPollers: '2' })).toBe('');
    const policies = JSON.stringify(synthesize({ minimumPollers: '2' }).findResources('AWS::IAM::Policy'));
    expect(policies).not.toContain('event-source-mapping');
    expect(policies).toContain('lambda:PutFunctionConcurrency');
  });

  test('gets the settings, as status and control do, and the scheduler counts on its maximum', () => {
    const template = synthesize({ autoscale: '1:20', drainWithinSeconds: '90' });
    for (const name of ['autoscaler', 'control', 'status'])
      expect(variables(template, `drumline-${name}`)).toMatchObject({
        DRUMLINE_AUTOSCALE: '1:20',
        DRUMLINE_DRAIN_WITHIN_SECONDS: '90',
      });
    const { DRUMLINE_PACKING } = variables(template, 'drumline-scheduler');
    expect(JSON.parse(DRUMLINE_PACKING as string)).toMatchObject({ workers: 20 });
  });

  test('gets no old events, and no retries: the next event does the same', () => {
    const limits = { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 };
    const { Targets } = only(synthesize(), 'AWS::Events::Rule').Properties as { Targets: object[] };
    expect(Targets[1]).toMatchObject({ RetryPolicy: limits });
    expect(asyncInvocation(synthesize(), 'AutoscalerFunction')).toEqual({ ...limits, Qualifier: '$LATEST' });
  });
});

describe('the reader', () => {
  test('gets events of limited age, and no retries: the scheduler decides who reads', () => {
    expect(asyncInvocation(synthesize(), 'ReaderFunction')).toEqual({
      MaximumEventAgeInSeconds: 120,
      MaximumRetryAttempts: 0,
      Qualifier: '$LATEST',
    });
  });

  test('and the scheduler know each other', () => {
    const template = synthesize({ stage: 'demo' });
    expect(variables(template, 'drumline-demo-scheduler').DRUMLINE_READER).toBe('drumline-demo-reader');
    expect(readable(variables(template, 'drumline-demo-reader').DRUMLINE_SCHEDULER)).toBe(
      'SchedulerFunction',
    );
  });
});

describe('the items', () => {
  const bucket = (template: Template) => only(template, 'AWS::S3::Bucket');

  test('are in a private, encrypted bucket, retained with the stack’s deletion', () => {
    const { Properties, DeletionPolicy, UpdateReplacePolicy } = bucket(synthesize());
    expect(Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
  });

  test('are refused over plain HTTP, unless the endpoint is plain HTTP', () => {
    const policy = only(synthesize(), 'AWS::S3::BucketPolicy').Properties.PolicyDocument;
    const { Statement } = policy as { Statement: Record<string, unknown>[] };
    expect(Statement.map(({ Resource: _, ...rest }) => rest)).toEqual([
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 's3:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4566');
    synthesize().resourceCountIs('AWS::S3::BucketPolicy', 0);
  });

  test('outlast every job that needs them', () => {
    const { Rules } = bucket(synthesize()).Properties.LifecycleConfiguration as {
      Rules: { Prefix?: string; ExpirationInDays?: number }[];
    };
    const days = new Map(Rules.map(({ Prefix, ExpirationInDays }) => [Prefix, ExpirationInDays ?? 0]));
    const records = Number(variables(synthesize(), 'drumline-consumer').DRUMLINE_LEDGER_TTL_SECONDS) / 86_400;
    // The reader begins keys with these words (functions/core/items/segment.ts).
    for (const shared of [false, true]) {
      const [prefix] = segmentKey({ shared }, '').split('/');
      const servesDays = shared ? MAX_SHARED_MS / 86_400_000 : 0;
      expect(days.get(`${prefix}/`)).toBeGreaterThanOrEqual(servesDays + records + 1);
    }
    expect(Rules).toHaveLength(3);
    expect(Rules[2]).toEqual({
      Status: 'Enabled',
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    });
  });

  test('are in an existing bucket if the settings name one', () => {
    const template = synthesize({ itemsBucket: 'old-items' });
    template.resourceCountIs('AWS::S3::Bucket', 0);
    for (const name of ['reader', 'consumer', 'status'])
      expect(variables(template, `drumline-${name}`).DRUMLINE_ITEMS_BUCKET).toBe('old-items');
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).toContain(':s3:::old-items/once/*"');
  });
});

describe('a deployment', () => {
  test.each(['SchedulerFunction', 'ReaderFunction'])('updates the consumer before the %s', (name) => {
    const functions = resourcesOf(synthesize(), 'AWS::Lambda::Function') as unknown as Record<
      string,
      { DependsOn?: string[] }
    >;
    expect(functions[name]?.DependsOn).toContainEqual(expect.stringMatching(/^ConsumerFunction[0-9A-F]{8}$/));
  });
});

describe('the outputs', () => {
  test('contain all that the command needs to know about a deployment', () => {
    const { Outputs } = synthesize({ workMs: '5' }).toJSON() as {
      Outputs: Record<string, { Value: unknown }>;
    };
    const values = Object.entries(Outputs).map(([name, { Value }]) => [name, readable(Value)]);
    expect(Object.fromEntries(values)).toEqual({
      JobsQueueUrl: 'QueuesJobs',
      DeadLetterQueueUrl: 'QueuesDeadLetters',
      AbandonedEventsQueueUrl: 'QueuesAbandonedEvents',
      TableName: 'LedgerTable',
      ItemsBucket: 'ItemsBucket',
      SchedulerFunction: 'SchedulerFunction',
      AutoscalerFunction: 'AutoscalerFunction',
      ReaderFunction: 'ReaderFunction',
      ConsumerFunction: 'ConsumerFunction',
      StatusFunction: 'StatusFunction',
      ControlFunction: 'ControlFunction',
      VerifyFunction: 'VerifyFunction',
      ElasticsearchUrl: 'http://127.0.0.1:9200',
      Index: 'drumline-results',
      WorkMs: '5',
    });
  });
});

describe('a stage', () => {
  /** All names that the stack sets, instead of CloudFormation. */
  function names(template: Template): unknown[] {
    return [
      'AWS::SQS::Queue',
      'AWS::Lambda::Function',
      'AWS::Logs::LogGroup',
      'AWS::DynamoDB::Table',
      'AWS::IAM::Role',
      'AWS::Events::Rule',
    ]
      .flatMap((type) => Object.values(resourcesOf(template, type)))
      .flatMap(({ Properties }) => [
        Properties.QueueName,
        Properties.FunctionName,
        Properties.LogGroupName,
        Properties.TableName,
        Properties.RoleName,
        Properties.Name,
      ])
      .filter((name) => name !== undefined);
  }

  test('is a separate stack that shares no name with another stage', () => {
    const [first, demo, test_] = [{}, { stage: 'demo' }, { stage: 'test' }].map((each) =>
      names(synthesize(each)),
    );
    expect(first).toHaveLength(17);
    const all = [first, demo, test_].flat();
    expect(new Set(all).size).toBe(51);
    for (const name of demo ?? []) expect(name).toMatch(/^(\/drumline\/)?drumline-demo-/);
  });
});
