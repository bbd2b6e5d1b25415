import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RootConstruct } from 'constructs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseSettings, readSettings, SettingError } from '../../infra-cdk/settings/parse-settings.ts';
import {
  enforcesSsl,
  prefixOf,
  type SettingName,
  schema,
  stackNameOf,
  visibilityTimeoutOf,
} from '../../infra-cdk/settings/settings.ts';
import { makeCertificates } from '../certificates.ts';

const scratch = mkdtempSync(join(tmpdir(), 'drumline-settings-'));
const AUTHORITY = join(scratch, 'authority.pem');
const SERVER = join(scratch, 'server.pem');

beforeAll(async () => {
  const { authority, certificate } = await makeCertificates();
  writeFileSync(AUTHORITY, authority);
  writeFileSync(SERVER, certificate);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** The message of the error that these settings cause. */
function errorFor(settings: Record<string, unknown>, read = parseSettings): string {
  try {
    read(settings);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingError);
    return (error as Error).message;
  }
  throw new Error(`accepted ${JSON.stringify(settings)}`);
}

/** Valid and invalid values of a setting, as text and as JSON, and what the error message says is allowed. */
interface Values {
  valid: unknown[];
  invalid: unknown[];
  allowed: string;
}

const int = (min: number, max: number): Values => ({
  valid: [min, max, String(min), String(max)],
  invalid: [
    ...[min - 1, max + 1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY],
    ...[String(min - 1), String(max + 1), `${min}.5`, '', ' ', 'ten', '1e2', '0x10', '5 ', '-1'],
    ...[true, [min], {}],
  ],
  allowed: `must be an integer from ${min.toLocaleString('en-US')} to ${max.toLocaleString('en-US')}`,
});

const SECRET: Values = {
  valid: ['', 'search-key', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-key-AbCdEf'],
  invalid: ['x'.repeat(513)],
  allowed: 'must be the name or ARN of a secret, up to 512 characters',
};

const FLAG: Values = {
  valid: [true, false, 'true', 'false'],
  invalid: ['', 'yes', '1', 1, 'TRUE'],
  allowed: 'must be true or false',
};

const VALUES: Record<SettingName, Values> = {
  stage: {
    valid: ['', 'demo', 'a', 'eu-1', 'a'.repeat(20)],
    invalid: ['Demo', '1a', '-a', 'a_b', 'a b', 'a'.repeat(21), 'a\n', '*'],
    allowed: 'must be up to 20 lower-case letters, digits and hyphens, a letter first',
  },
  concurrency: int(1, 1_000),
  autoscale: {
    valid: ['', '1:20', '4', '1:1000'],
    invalid: ['20:1', '0:4', '1:1001', '1-20', ':4', '1:', 'yes', 4],
    allowed: 'must be MIN:MAX, a minimum and a maximum from 1 to 1,000 workers, such as 1:20',
  },
  drainWithinSeconds: int(60, 86_400),
  batchSize: int(1, 10_000),
  jobsPerMessage: {
    valid: ['auto', 1, '1', 500, '500'],
    invalid: ['', 'automatic', 0, 501, 1.5, true],
    allowed: 'must be auto, or an integer from 1 to 500',
  },
  minimumPollers: int(2, 200),
  maximumPollers: int(2, 2_000),
  jobConcurrency: int(1, 10_000),
  maxAttempts: int(1, 1_000),
  consumerTimeoutSeconds: int(4, 900),
  consumerMemoryMb: int(128, 10_240),
  visibilityTimeoutSeconds: { ...int(4, 43_200), valid: [30, '30', 43_200, '43200'] },
  retryBaseSeconds: int(1, 900),
  retryCapSeconds: int(1, 43_200),
  elasticsearchUrl: {
    valid: ['http://127.0.0.1:9200', 'https://search.example', 'https://search.example:9243/path'],
    invalid: ['', '127.0.0.1:9200', 'ftp://search.example', 'search.example', 'file:///etc/passwd', 9_200],
    allowed: 'must be an http or https URL',
  },
  elasticsearchApiKeySecret: SECRET,
  elasticsearchConsumerKeySecret: SECRET,
  elasticsearchControlKeySecret: SECRET,
  elasticsearchVerifyKeySecret: SECRET,
  elasticsearchStatusKeySecret: SECRET,
  elasticsearchCaFile: {
    valid: [''],
    invalid: ['no-such.pem', 'package.json', 'functions'],
    allowed: 'must be a PEM file with the certificate of an authority',
  },
  vpcId: {
    // A token stands for a resource of the same CDK app.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the CDK writes tokens like this
    valid: ['', 'vpc-0a1b2c3d4e5f60718', '${Token[TOKEN.12]}'],
    invalid: ['vpc', 'vpc-1', 'vpc-0a1b2c3d,vpc-0a1b2c3e', '*'],
    allowed: 'must be an ID like vpc-0a1b2c3d',
  },
  subnetIds: {
    valid: ['', 'subnet-0a1b2c3d,subnet-0a1b2c3d4e5f60718'],
    invalid: [
      ...['subnet-', 'subnet-0a1b2c3d,', 'subnet-0a1b2c3d subnet-0a1b2c3e', 'vpc-0a1b2c3d'],
      ['subnet-0a1b2c3d'],
    ],
    allowed: 'must be up to 16 IDs like subnet-0a1b2c3d, separated by commas',
  },
  securityGroupIds: {
    valid: ['', 'sg-0a1b2c3d'],
    invalid: ['sg', 'sg-0a1b2c3d;sg-0a1b2c3e', Array.from({ length: 6 }, () => 'sg-0a1b2c3d').join(',')],
    allowed: 'must be up to 5 IDs like sg-0a1b2c3d, separated by commas',
  },
  index: {
    valid: ['drumline-results', 'a', '2026.11_x'],
    invalid: ['', 'Results', '-a', '_a', '.a', 'a b', 'a*', 'a,b', 'a/b', 'a'.repeat(101)],
    allowed: 'must be up to 100 lower-case letters, digits, hyphens, dots and underscores',
  },
  indexMonthly: FLAG,
  indexShards: int(1, 1_024),
  indexReplicas: int(0, 10),
  indexRefreshSeconds: int(1, 3_600),
  ledgerTable: {
    valid: ['', 'Drumline-LedgerTable9343E4AA-1A2B3C', 'restored_ledger.2'],
    invalid: ['ab', 'a b', 'table/*', '*', 'x'.repeat(256)],
    allowed: 'must be the name of a DynamoDB table',
  },
  jobFile: {
    valid: ['functions/job.ts', './functions/job.ts'],
    invalid: ['', 'functions', 'functions/no-such-job.ts'],
    allowed: 'must be the path of an existing TypeScript or JavaScript file',
  },
  workMs: int(0, 600_000),
  itemsBucket: {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the CDK writes tokens like this
    valid: ['', 'drumline-itemsbucket-1a2b', '${Token[TOKEN.12]}'],
    invalid: ['ab', 'Items', 'items_bucket', 's3://items', 'x'.repeat(64)],
    allowed: 'must be the name of an S3 bucket',
  },
  codeVersion: {
    valid: ['', '1.4.0-rc.1+build', '9bd2c27', 'x'.repeat(64)],
    invalid: ['a b', 'main/9bd2c27', 'x'.repeat(65), 5],
    allowed: 'must be up to 64 letters, digits and the characters . _ + -',
  },
  logLevel: {
    valid: ['DEBUG', 'INFO', 'WARN', 'ERROR'],
    invalid: ['', 'debug', 'TRACE', 1],
    allowed: 'must be one of DEBUG, INFO, WARN, ERROR',
  },
  logRetentionDays: {
    valid: [1, '14', 365],
    invalid: ['', 'abc', '2', 0, -1, 366, true, [14]],
    allowed: 'must be one of 1, 3, 5, 7, 14, 30, 60, 90, 180, 365',
  },
  kmsKey: {
    valid: ['', 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f'],
    invalid: ['0a1b2c3d', 'alias/mine', 'arn:aws:kms:eu-west-1:123456789012:alias/mine', 5],
    allowed: 'must be the ARN of a KMS key',
  },
  enforceSsl: FLAG,
  alarmEmail: {
    valid: ['', 'ops@example.com'],
    invalid: ['ops', 'example.com', 'ops at example.com'],
    allowed: 'must be an e-mail address',
  },
  alarmTopic: {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the CDK writes tokens like this
    valid: ['', 'arn:aws:sns:eu-west-1:123456789012:ops', '${Token[TOKEN.12]}'],
    invalid: ['ops', 'arn:aws:sqs:eu-west-1:123456789012:ops', 'arn:aws:sns:eu-west-1:123456789012:'],
    allowed: 'must be the ARN of an SNS topic',
  },
  tracing: FLAG,
  bootstrapRoles: FLAG,
};

describe('each setting', () => {
  /** Those that a value needs besides it. */
  const BESIDES: Partial<Record<SettingName, Record<string, string>>> = {
    vpcId: { subnetIds: 'subnet-0a1b2c3d' },
    subnetIds: { vpcId: 'vpc-0a1b2c3d' },
    securityGroupIds: { vpcId: 'vpc-0a1b2c3d', subnetIds: 'subnet-0a1b2c3d' },
  };

  test('accepts the valid values, and converts text to numbers and booleans', () => {
    for (const [name, { valid, allowed }] of Object.entries(VALUES)) {
      for (const value of valid) {
        const settings = { ...(value !== '' && BESIDES[name as SettingName]), [name]: value };
        const read = parseSettings(settings)[name as SettingName];
        expect([name, String(read)]).toEqual([name, String(value)]);
        if (/integer|one of \d/.test(allowed) && value !== 'auto') expect(read).toBeTypeOf('number');
        if (allowed.endsWith('true or false')) expect(read).toBeTypeOf('boolean');
      }
    }
  });

  test('refuses other values in one line with its name, the value, and what is allowed', () => {
    for (const [name, { invalid, allowed }] of Object.entries(VALUES)) {
      for (const value of invalid) {
        const message = errorFor({ [name]: value });
        expect(message.startsWith(`setting ${name}=${value}: `)).toBe(true);
        expect(message).toContain(allowed);
        expect(message.replaceAll(String(value), '')).not.toContain('\n');
      }
    }
  });

  test('has this default, and is tested here', () => {
    expect(Object.keys(VALUES).sort()).toEqual(Object.keys(schema.shape).sort());
    expect(parseSettings({})).toEqual({
      stage: '',
      concurrency: 2,
      autoscale: '',
      batchSize: 10,
      jobsPerMessage: 'auto',
      jobConcurrency: 10,
      maxAttempts: 5,
      consumerTimeoutSeconds: 30,
      consumerMemoryMb: 512,
      retryBaseSeconds: 1,
      retryCapSeconds: 60,
      elasticsearchUrl: 'http://127.0.0.1:9200',
      elasticsearchApiKeySecret: '',
      elasticsearchConsumerKeySecret: '',
      elasticsearchControlKeySecret: '',
      elasticsearchVerifyKeySecret: '',
      elasticsearchStatusKeySecret: '',
      elasticsearchCaFile: '',
      vpcId: '',
      subnetIds: '',
      securityGroupIds: '',
      indexMonthly: false,
      indexShards: 1,
      indexReplicas: 1,
      ledgerTable: '',
      itemsBucket: '',
      codeVersion: '',
      jobFile: 'functions/job.ts',
      workMs: 0,
      logLevel: 'INFO',
      logRetentionDays: 14,
      kmsKey: '',
      ...{ alarmEmail: '', alarmTopic: '', tracing: false },
      bootstrapRoles: false,
    });
  });
});

describe('the settings together', () => {
  test('an error message has one line for each wrong setting', () => {
    expect(errorFor({ concurrency: '0', index: 'drumline', batchSize: 'many' }).split('\n')).toEqual([
      'setting concurrency=0: must be an integer from 1 to 1,000',
      'setting batchSize=many: must be an integer from 1 to 10,000',
    ]);
  });

  test('combinations that cannot work are refused', () => {
    for (const [settings, message] of [
      [
        { visibilityTimeoutSeconds: '29' },
        'visibilityTimeoutSeconds=29: must be at least consumerTimeoutSeconds (30); otherwise SQS delivers messages again while a worker still has them',
      ],
      [
        { visibilityTimeoutSeconds: '30', consumerTimeoutSeconds: '31' },
        'visibilityTimeoutSeconds=30: must be at least consumerTimeoutSeconds (31); otherwise SQS delivers messages again while a worker still has them',
      ],
      [
        { concurrency: '1000', batchSize: '121' },
        'batchSize=121: must be at most 120 with a concurrency of 1000: SQS allows 120000 messages in flight',
      ],
      [{ minimumPollers: '9', maximumPollers: '8' }, 'minimumPollers=9: must be at most maximumPollers (8)'],
      [
        { vpcId: 'vpc-0a1b2c3d' },
        'vpcId=vpc-0a1b2c3d: needs subnetIds, the private subnets in which the functions run',
      ],
      [{ subnetIds: 'subnet-0a1b2c3d' }, 'subnetIds=subnet-0a1b2c3d: needs vpcId, the VPC of the subnets'],
      [
        { securityGroupIds: 'sg-0a1b2c3d' },
        'securityGroupIds=sg-0a1b2c3d: needs vpcId, the VPC of the security groups',
      ],
      [
        { elasticsearchCaFile: AUTHORITY },
        `elasticsearchCaFile=${AUTHORITY}: needs an https URL in elasticsearchUrl, not http://127.0.0.1:9200`,
      ],
    ] as const)
      expect(errorFor(settings)).toBe(`setting ${message}`);
    // As many messages in flight as SQS allows.
    expect(parseSettings({ concurrency: '1000', batchSize: '120' }).batchSize).toBe(120);
    expect(parseSettings({ concurrency: '12', batchSize: '10000' }).concurrency).toBe(12);
  });

  test('only an authority’s certificate is accepted', () => {
    const elasticsearchUrl = 'https://127.0.0.1:9200';
    expect(parseSettings({ elasticsearchUrl, elasticsearchCaFile: AUTHORITY }).elasticsearchCaFile).toBe(
      AUTHORITY,
    );
    expect(errorFor({ elasticsearchUrl, elasticsearchCaFile: SERVER })).toContain('of an authority; use');
  });

  test('the context of the CDK is ignored; an unknown name is refused, with a suggestion', () => {
    const read = (context: Record<string, unknown>) => {
      const { node } = new RootConstruct();
      for (const [name, value] of Object.entries(context)) node.setContext(name, value);
      return readSettings(node);
    };
    const cdkContext = {
      ...{ 'aws:cdk:bundling-stacks': 'x', '@aws-cdk/core:aFlag': 'x' },
      ...{ 'vpc-provider:account=1': 'x', 'cli-own': 'x' },
    };
    expect(read({ ...cdkContext, concurrency: '7' })).toEqual({ ...parseSettings({}), concurrency: 7 });
    expect(errorFor({ concurrency: 'x' }, read)).toMatch(/^setting concurrency=x: /);
    for (const [given, meant] of [
      ['concurency', 'concurrency'],
      ['Concurrency', 'concurrency'],
      ['batch_size', 'batchSize'],
      ['elasticSearchURL', 'elasticsearchUrl'],
      ['apiKeySecret', 'elasticsearchApiKeySecret'],
      ['subnets', 'subnetIds'],
    ] as const)
      expect(errorFor({ [given]: '3' }, read)).toBe(
        `setting ${given}=3: there is no such setting; did you mean ${meant}?`,
      );
    expect(errorFor({ owner: 'me' }, read)).toBe(
      'setting owner=me: there is no such setting; docs/settings.md lists all settings',
    );
  });

  test('names and the visibility timeout follow from the settings', () => {
    expect([prefixOf({ stage: '' }), stackNameOf({ stage: '' })]).toEqual(['drumline', 'Drumline']);
    expect([prefixOf({ stage: 'a' }), stackNameOf({ stage: 'a' })]).toEqual(['drumline-a', 'Drumline-a']);
    expect(visibilityTimeoutOf(parseSettings({ consumerTimeoutSeconds: 7 }))).toBe(42);
  });

  test('the queues refuse plain HTTP unless the endpoint is plain HTTP', () => {
    vi.stubEnv('AWS_ENDPOINT_URL', undefined);
    expect(enforcesSsl(parseSettings({}))).toBe(true);
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4566');
    expect(enforcesSsl(parseSettings({}))).toBe(false);
    expect(enforcesSsl(parseSettings({ enforceSsl: 'true' }))).toBe(true);
  });
});

describe('the URL of Elasticsearch', () => {
  const url = (elasticsearchUrl: string) => ({ elasticsearchUrl });

  test('may not contain a password, and the error message does not show it', () => {
    for (const text of [
      'https://elastic:sEcret@search.example',
      'https://sEcret@search.example',
      'http://elastic:sEcret@127.0.0.1:9200',
      'elastic:sEcret@search.example',
      'ftp://elastic:s/Ec@ret@search.example',
    ])
      expect(errorFor(url(text))).not.toMatch(/Ec|elastic:/);
    expect(errorFor(url('https://elastic:secret@search.example/es'))).toBe(
      'setting elasticsearchUrl=https://…@search.example/es: must not contain a user or password, because outputs, variables and logs show it; store an API key in Secrets Manager and name the secret in elasticsearchApiKeySecret',
    );
  });

  test('may be plain http only on a private network', () => {
    for (const host of [
      ...['127.0.0.1', '10.1.2.3', '172.31.0.9', '192.168.1.2'],
      ...['localhost', 'elasticsearch', 'es.internal', '[::1]'],
    ])
      expect(parseSettings(url(`http://${host}:9200`)).elasticsearchUrl).toContain(host);
    for (const host of [
      ...['search.example', '172.32.0.1', '8.8.8.8'],
      ...['[2001:db8::1]', '10.example.com', '127.0.0.1.example'],
    ])
      expect(errorFor(url(`http://${host}:9200`))).toContain('must use https');
  });
});
