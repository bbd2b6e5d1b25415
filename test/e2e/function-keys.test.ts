import { PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Verification } from '../../functions/core/verify/verify.ts';
import { type Guard, guardElasticsearch } from './guard.ts';
import { aws, functionName, home, lambda, output, runJson, start, status, target, until } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name === 'local', 'it needs a guard before the local Elasticsearch');

const INDEX = await output('Index');

/** The calls that each key allows: Elastic's lists for the privileges in docs/deploy.md. */
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
/** The calls that were made with each key, and those that were refused. */
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
    await secrets.send(new CreateSecretCommand({ Name: `e2e/${key}`, SecretString: key }));
});

afterAll(async () => {
  for (const key of Object.keys(KEYS))
    await secrets.send(new DeleteSecretCommand({ SecretId: `e2e/${key}`, ForceDeleteWithoutRecovery: true }));
  guard.close();
});

/** Calls Elasticsearch without the guard. */
async function direct(path: string, method = 'GET'): Promise<unknown> {
  return (await fetch(`${home.elasticsearchUrl}/${path}`, { method })).json();
}

const letIn = (workers: number) =>
  lambda.send(
    new PutFunctionConcurrencyCommand({
      FunctionName: functionName('consumer'),
      ReservedConcurrentExecutions: workers,
    }),
  );

test('each function uses its own key within its privileges, even when a worker creates the index', async () => {
  await letIn(0);
  await start(100);
  await direct(INDEX, 'DELETE');
  await direct(`_index_template/${INDEX}`, 'DELETE');
  await letIn(1);
  await until(status, ({ processed }) => processed === 100, 120);
  expect(await runJson<Verification>('verify')).toMatchObject({ ok: true, documents: 100 });
  expect(refused).toEqual([]);
  expect([...asked.keys()].sort()).toEqual(Object.keys(KEYS).sort());
  expect(asked.get('consumer-key')).toContain(`PUT /${INDEX}`);
  const made = (await direct(INDEX)) as Record<string, { mappings: object; settings: { index: object } }>;
  expect(made[INDEX]).toMatchObject({
    mappings: { dynamic: 'false', properties: { jobId: { type: 'long' } } },
    settings: { index: { number_of_replicas: '0' } },
  });
});
