import { RootConstruct } from 'constructs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  enforcesSsl,
  parseSettings,
  prefixOf,
  readSettings,
  SettingError,
  type SettingName,
  schema,
  stackNameOf,
  visibilityTimeoutOf,
} from '../../infra-cdk/settings/settings.ts';
import { refusal } from './refusal.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Values of each setting: what is right, as text and as JSON, and what is wrong and then said to be allowed. */
const VALUES: Record<SettingName, { right: unknown[]; wrong: unknown[]; allowed: string }> = {
  stage: {
    right: ['', 'demo', 'a', 'eu-1', 'a'.repeat(20)],
    wrong: ['Demo', '1a', '-a', 'a_b', 'a b', 'a'.repeat(21), 'a\n', '*'],
    allowed: 'up to 20 lower-case letters, digits and hyphens, a letter first',
  },
  concurrency: whole(1, 1_000),
  batchSize: whole(1, 10_000),
  jobsPerMessage: whole(1, 500),
  minimumPollers: whole(2, 200),
  maximumPollers: whole(2, 2_000),
  jobConcurrency: whole(1, 10_000),
  maxAttempts: whole(1, 1_000),
  consumerTimeoutSeconds: whole(4, 900),
  consumerMemoryMb: whole(128, 10_240),
  visibilityTimeoutSeconds: { ...whole(4, 43_200), right: [30, '30', 43_200, '43200'] },
  retryBaseSeconds: whole(1, 900),
  retryCapSeconds: whole(1, 43_200),
  elasticsearchUrl: {
    right: ['http://127.0.0.1:9200', 'https://search.example', 'https://search.example:9243/path'],
    wrong: ['', '127.0.0.1:9200', 'ftp://search.example', 'search.example', 'file:///etc/passwd', 9_200],
    allowed: 'a http or https URL',
  },
  elasticsearchApiKeySecret: secret(),
  elasticsearchConsumerKeySecret: secret(),
  elasticsearchControlKeySecret: secret(),
  elasticsearchVerifyKeySecret: secret(),
  elasticsearchCaFile: {
    right: [''],
    wrong: ['no-such.pem', 'package.json', 'functions'],
    allowed: 'a PEM file with the certificate of an authority',
  },
  vpcId: {
    right: [''],
    wrong: ['vpc', 'vpc-1', 'vpc-0a1b2c3d,vpc-0a1b2c3e', '*'],
    allowed: 'such as vpc-0a1b2c3d',
  },
  subnetIds: {
    right: [''],
    wrong: [
      'subnet-',
      'subnet-0a1b2c3d,',
      'subnet-0a1b2c3d subnet-0a1b2c3e',
      'vpc-0a1b2c3d',
      ['subnet-0a1b2c3d'],
    ],
    allowed: 'subnet-…, up to 16 with commas between them',
  },
  securityGroupIds: {
    right: [''],
    wrong: ['sg', 'sg-0a1b2c3d;sg-0a1b2c3e', Array.from({ length: 6 }, () => 'sg-0a1b2c3d').join(',')],
    allowed: 'sg-…, up to 5 with commas between them',
  },
  index: {
    right: ['drumline-results', 'a', '2026.11_x'],
    wrong: ['', 'Results', '-a', '_a', '.a', 'a b', 'a*', 'a,b', 'a/b', 'a'.repeat(101)],
    allowed: 'up to 100 lower-case letters, digits, hyphens, dots and underscores',
  },
  indexMonthly: flag(),
  indexShards: whole(1, 1_024),
  indexReplicas: whole(0, 10),
  indexRefreshSeconds: whole(1, 3_600),
  ledgerTable: {
    right: ['', 'Drumline-LedgerTable9343E4AA-1A2B3C', 'restored_ledger.2'],
    wrong: ['ab', 'a b', 'table/*', '*', 'x'.repeat(256)],
    allowed: 'the name of a DynamoDB table',
  },
  jobFile: {
    right: ['functions/job.ts', './functions/job.ts'],
    wrong: ['', 'functions', 'functions/no-such-job.ts'],
    allowed: 'a TypeScript or JavaScript file that is there',
  },
  workMs: whole(0, 600_000),
  logLevel: {
    right: ['DEBUG', 'INFO', 'WARN', 'ERROR'],
    wrong: ['', 'debug', 'TRACE', 1],
    allowed: '"DEBUG"|"INFO"|"WARN"|"ERROR"',
  },
  logRetentionDays: {
    right: [1, '14', 365],
    wrong: ['', 'abc', '2', 0, -1, 366, true, [14]],
    allowed: 'one of 1, 3, 5, 7, 14, 30, 60, 90, 180, 365',
  },
  enforceSsl: flag(),
  bootstrapRoles: flag(),
};

function whole(least: number, most: number) {
  return {
    right: [least, most, String(least), String(most)],
    wrong: [
      ...[least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY],
      ...[String(least - 1), String(most + 1), `${least}.5`, '', ' ', 'ten', '1e2', '0x10', '5 ', '-1'],
      ...[true, [least], {}],
    ],
    allowed: `a whole number from ${least} to ${most}`,
  };
}

function secret() {
  return {
    right: ['', 'search-key', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-key-AbCdEf'],
    wrong: ['x'.repeat(513)],
    allowed: '512',
  };
}

function flag() {
  return {
    right: [true, false, 'true', 'false'],
    wrong: ['', 'yes', '1', 1, 'TRUE'],
    allowed: 'true or false',
  };
}

const cases = (kind: 'right' | 'wrong') =>
  Object.entries(VALUES).flatMap(([name, values]) =>
    values[kind].map((value): [string, unknown, string] => [name, value, values.allowed]),
  );

describe('the settings', () => {
  test('are all tried here', () => {
    expect(Object.keys(VALUES).sort()).toEqual(Object.keys(schema.shape).sort());
  });

  test('have these defaults', () => {
    expect(parseSettings({})).toEqual({
      stage: '',
      concurrency: 2,
      batchSize: 10,
      jobsPerMessage: 50,
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
      elasticsearchCaFile: '',
      vpcId: '',
      subnetIds: '',
      securityGroupIds: '',
      indexMonthly: false,
      indexShards: 1,
      indexReplicas: 1,
      ledgerTable: '',
      jobFile: 'functions/job.ts',
      workMs: 0,
      logLevel: 'INFO',
      logRetentionDays: 14,
      bootstrapRoles: false,
    });
  });

  test('each say in one line what they mean', () => {
    for (const [name, setting] of Object.entries(schema.shape)) {
      expect([name, setting.description]).toEqual([name, expect.stringMatching(/^.{10,120}\.$/)]);
    }
  });

  test.each(cases('right'))('take %s=%j', (name, value) => {
    const read = parseSettings({ [name]: value })[name as SettingName];
    expect(String(read)).toBe(String(value));
    expect(typeof read).toBe(/^\d+$/.test(String(value)) ? 'number' : typeof read);
    expect(read).not.toBe('false');
  });

  test.each(cases('wrong'))(
    'refuse %s=%j with its name, its value and what is allowed',
    (name, value, allowed) => {
      const message = refusal({ [name]: value });
      expect(message.startsWith(`setting ${name}=${value}: `)).toBe(true);
      expect(message).toContain(allowed);
      expect(message.replaceAll(String(value), '')).not.toContain('\n');
    },
  );

  test('refuse each wrong one on a line of its own', () => {
    expect(refusal({ concurrency: '0', index: 'drumline', batchSize: 'many' }).split('\n')).toEqual([
      'setting concurrency=0: a whole number from 1 to 1000',
      'setting batchSize=many: a whole number from 1 to 10000',
    ]);
  });

  test('are read from the app’s context, and nothing else of it is', () => {
    const { node } = new RootConstruct();
    node.setContext('concurrency', '7');
    for (const name of [
      'aws:cdk:bundling-stacks',
      '@aws-cdk/core:aFlag',
      'vpc-provider:account=1',
      'cli-own',
    ])
      node.setContext(name, 'x');
    expect(readSettings(node)).toEqual({ ...parseSettings({}), concurrency: 7 });
    node.setContext('concurrency', 'x');
    expect(() => readSettings(node)).toThrow(SettingError);
  });

  test('decide the names and the visibility timeout', () => {
    expect([prefixOf({ stage: '' }), stackNameOf({ stage: '' })]).toEqual(['drumline', 'Drumline']);
    expect([prefixOf({ stage: 'a' }), stackNameOf({ stage: 'a' })]).toEqual(['drumline-a', 'Drumline-a']);
    expect(visibilityTimeoutOf(parseSettings({ consumerTimeoutSeconds: 7 }))).toBe(42);
  });

  test('have the queues refuse plain HTTP unless that is how they are reached', () => {
    vi.stubEnv('AWS_ENDPOINT_URL', undefined);
    expect(enforcesSsl(parseSettings({}))).toBe(true);
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4566');
    expect(enforcesSsl(parseSettings({}))).toBe(false);
    expect(enforcesSsl(parseSettings({ enforceSsl: 'true' }))).toBe(true);
  });
});
