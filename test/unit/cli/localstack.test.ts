import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Call } from '../../../cli/cloud/call.ts';
import { explainError } from '../../../cli/cloud/client-errors.ts';
import { localstackElasticsearch } from '../../../cli/cloud/deploy.ts';
import { requireEmulator, requireManaged } from '../../../cli/cloud/lifecycle.ts';
import { logGroupsOf } from '../../../cli/cloud/read-logs.ts';
import { elasticsearchUrlFromHost, resolveTarget } from '../../../cli/cloud/target.ts';
import { CommandError, UsageError } from '../../../cli/terminal/errors.ts';
import { localHome } from '../../../local/base/home.ts';

const home = localHome({ DRUMLINE_EMULATOR_PORT: '4600', DRUMLINE_ELASTICSEARCH_PORT: '9300' });

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const NOT_ABORTED = new AbortController().signal;

test('without AWS_ENDPOINT_URL, Drumline starts and stops LocalStack', () => {
  const target = resolveTarget('localstack', '', home);
  expect(target.isManaged).toBe(true);
  expect(target.environment.AWS_ENDPOINT_URL).toBe('http://127.0.0.1:4600');
  expect(() => requireManaged({ target } as Call, 'up')).not.toThrow();
  expect(explainError(refused, target, NOT_ABORTED)).toMatchObject({
    code: 'not_running',
    nextStep: 'npx drumline up --target localstack',
  });
});

test('with AWS_ENDPOINT_URL, the user starts and stops LocalStack', () => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4577');
  const target = resolveTarget('localstack', '', home);
  expect(target.isManaged).toBe(false);
  expect(target.environment.AWS_ENDPOINT_URL).toBe('http://127.0.0.1:4577');
  expect(() => requireManaged({ target } as Call, 'down')).toThrow(UsageError);
  expect(() => requireEmulator({ target } as Call, 'demo')).not.toThrow();
  expect(explainError(refused, target, NOT_ABORTED)).toMatchObject({
    code: 'not_running',
    nextStep: 'Start it, or correct AWS_ENDPOINT_URL.',
  });
  // With an IP address, the SDK puts S3 buckets into the path, and not into a host name that does not resolve.
  for (const [given, used] of [
    ['http://localhost:4566', 'http://127.0.0.1:4566'],
    ['http://localhost.localstack.cloud:4566', 'http://localhost.localstack.cloud:4566'],
    ['https://localhost', 'https://127.0.0.1'],
  ]) {
    vi.stubEnv('AWS_ENDPOINT_URL', given);
    expect(resolveTarget('localstack', '', home).environment.AWS_ENDPOINT_URL).toBe(used);
  }
});

test('LocalStack gets the user’s region, but not the user’s keys and profile', () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAMINE');
  vi.stubEnv('AWS_PROFILE', 'mine');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  const { environment } = resolveTarget('localstack', '', home);
  expect(environment).toMatchObject({ AWS_ACCESS_KEY_ID: 'test', AWS_REGION: 'eu-central-1' });
  expect(environment).not.toHaveProperty('AWS_PROFILE');
});

test('AWS cannot be started or stopped', () => {
  const call = { target: resolveTarget('aws', '', home) } as Call;
  expect(() => requireManaged(call, 'up')).toThrow(UsageError);
  expect(() => requireEmulator(call, 'demo')).toThrow(UsageError);
});

test('Elasticsearch has one address for containers and another for this machine', () => {
  expect(elasticsearchUrlFromHost({ home }, 'http://elasticsearch:9200')).toBe('http://127.0.0.1:9300');
  expect(elasticsearchUrlFromHost({ home }, 'https://es.example.com')).toBe('https://es.example.com');
});

test('functions use the given Elasticsearch, the one of the compose file, or with the user’s LocalStack the deployed one', () => {
  const deployed = { elasticsearchUrl: 'http://172.17.0.1:9200' };
  const given = { elasticsearchUrl: 'https://es.example.com' };
  const containers = { target: resolveTarget('localstack', '', home) };
  expect(localstackElasticsearch(containers, {}, deployed)).toBe('http://elasticsearch:9200');
  expect(localstackElasticsearch(containers, given, deployed)).toBe('https://es.example.com');
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4577');
  const own = { target: resolveTarget('localstack', '', home) };
  expect(localstackElasticsearch(own, {}, deployed)).toBe('http://172.17.0.1:9200');
  expect(localstackElasticsearch(own, given, deployed)).toBe('https://es.example.com');
  expect(() => localstackElasticsearch(own, {}, undefined)).toThrow(CommandError);
});

test('emulators may write to the default log groups of Lambda', () => {
  expect(logGroupsOf({ name: 'aws' }, 'drumline-status')).toEqual(['/drumline/drumline-status']);
  expect(logGroupsOf({ name: 'localstack' }, 'drumline-status')).toEqual([
    '/drumline/drumline-status',
    '/aws/lambda/drumline-status',
  ]);
});
