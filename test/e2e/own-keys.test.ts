import { PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Verification } from '../../functions/core/verify/verify.ts';
import type { Status } from '../../functions/status.ts';
import { prefixOf } from '../../infra-cdk/settings/settings.ts';
import { deployWith } from './deployed.ts';
import { type Guard, guardElasticsearch } from './guard.ts';
import { aws, elasticsearch, functionsAreHere, lambda, run, runJson, until } from './system.ts';
import { testWhere } from './test-where.ts';

const test = testWhere(functionsAreHere, 'its functions don’t reach the guard on this machine');

/** A stack of its own, each of whose functions has a key of its own that may do what docs/deploy.md says. */
const STAGE = ['--stage', 'own-keys'];
const INDEX = 'drumline-own-keys-results';

/** What each key lets its holder ask for: the privileges' calls, as Elastic lists them. */
const VIEW_INDEX_METADATA = /^GET \/[\w.-]+$/;
const CREATE_INDEX = /^PUT \/[a-z][\w.-]*$/;
const CREATE_DOC = /^(POST|PUT) \/[\w.-]+\/_bulk$/;
const READ = /^(GET|POST) \/[\w.-]+\/_(mget|search|count)$/;
const MAINTENANCE = /^(GET|POST) \/[\w.-]+\/_refresh$/;
const MANAGE_INDEX_TEMPLATES = /^PUT \/_index_template\//;
const KEYS: Record<string, RegExp[]> = {
  'consumer-key': [CREATE_DOC, CREATE_INDEX, READ, VIEW_INDEX_METADATA],
  'control-key': [CREATE_INDEX, MAINTENANCE, MANAGE_INDEX_TEMPLATES, READ, VIEW_INDEX_METADATA],
  'verify-key': [MAINTENANCE, READ],
};

const secrets = new SecretsManagerClient(aws);
let guard: Guard;
/** What was asked with each key, and what of it was refused. */
const asked = new Map<string, Set<string>>();
const refused: string[] = [];

beforeAll(async () => {
  guard = await guardElasticsearch((key, { method, url }) => {
    const call = `${method} ${url?.split('?')[0]}`;
    asked.set(key, (asked.get(key) ?? new Set()).add(call));
    if (KEYS[key]?.some((may) => may.test(call))) return undefined;
    refused.push(`${key}: ${call}`);
    return 403;
  });
  for (const key of Object.keys(KEYS))
    await secrets.send(new CreateSecretCommand({ Name: `own/${key}`, SecretString: key }));
  const settings = {
    elasticsearchUrl: guard.url,
    elasticsearchConsumerKeySecret: 'own/consumer-key',
    elasticsearchControlKeySecret: 'own/control-key',
    elasticsearchVerifyKeySecret: 'own/verify-key',
    concurrency: 1,
    indexReplicas: 0,
  };
  const { code, stderr } = await run(...deployWith(settings), ...STAGE);
  expect([code, stderr]).toEqual([0, stderr]);
});

afterAll(async () => {
  for (const key of Object.keys(KEYS))
    await secrets.send(new DeleteSecretCommand({ SecretId: `own/${key}`, ForceDeleteWithoutRecovery: true }));
  guard.close();
});

const letIn = (workers: number) =>
  lambda.send(
    new PutFunctionConcurrencyCommand({
      FunctionName: `${prefixOf({ stage: 'own-keys' })}-consumer`,
      ReservedConcurrentExecutions: workers,
    }),
  );

test('each function has its own key and stays within its privileges, also where a worker has to make the index', async () => {
  await letIn(0);
  expect((await run('start', '--x', '100', '--y', '1440', ...STAGE)).code).toBe(0);
  await elasticsearch(INDEX, undefined, 'DELETE');
  await elasticsearch(`_index_template/${INDEX}`, undefined, 'DELETE');
  await letIn(1);
  await until(
    () => runJson<Status>('status', ...STAGE),
    ({ processed }) => processed === 100,
    120,
  );
  expect(await runJson<Verification>('verify', ...STAGE)).toMatchObject({ ok: true, documents: 100 });
  expect(refused).toEqual([]);
  expect([...asked.keys()].sort()).toEqual(Object.keys(KEYS).sort());
  expect(asked.get('consumer-key')).toContain(`PUT /${INDEX}`);
  const made = await elasticsearch<Record<string, { mappings: object; settings: { index: object } }>>(INDEX);
  expect(made[INDEX]).toMatchObject({
    mappings: { dynamic: 'false', properties: { jobId: { type: 'long' } } },
    settings: { index: { number_of_replicas: '0' } },
  });
});
