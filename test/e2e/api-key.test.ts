import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Verification } from '../../functions/core/verify/verify.ts';
import { type Guard, guardElasticsearch } from './guard.ts';
import { aws, drained, home, output, runJson, start, status, target, until } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name === 'local', 'it needs a guard before the local Elasticsearch');

const SECRET = 'e2e/api-key';

const secrets = new SecretsManagerClient(aws);

/** The key that the guard accepts for writes, the key for all other requests, and the number of refused requests. */
const taken = { write: 'key-1', else: 'key-1' };
let refused = 0;
let guard: Guard;

beforeAll(async () => {
  guard = await guardElasticsearch((key, { url }) => {
    if (key === (url?.includes('_bulk') ? taken.write : taken.else)) return undefined;
    refused++;
    return 401;
  });
  await secrets.send(new CreateSecretCommand({ Name: SECRET, SecretString: 'key-1' }));
});

afterAll(async () => {
  await secrets.send(new DeleteSecretCommand({ SecretId: SECRET, ForceDeleteWithoutRecovery: true }));
  guard.close();
});

test('a worker reads the API key from its secret and writes documents with it', async () => {
  await start(100);
  expect(await drained(100)).toMatchObject({ processed: 100, failed: 0 });
  expect(await runJson<Verification>('verify')).toMatchObject({ ok: true, documents: 100 });
  const index = (await (
    await fetch(`${home.elasticsearchUrl}/${await output('Index')}/_settings`)
  ).json()) as Record<string, { settings: { index: Record<string, string> } }>;
  expect(Object.values(index)[0]?.settings.index).toMatchObject({
    number_of_shards: '1',
    number_of_replicas: '0',
    refresh_interval: '5s',
  });
});

test('a rotated key is used without a deployment, and no document is lost meanwhile', async () => {
  await start(100);
  await drained(100);
  // The old key is no longer accepted, at first for writes only, and the new key is not in the secret yet.
  taken.write = 'key-2';
  const before = refused;
  await start(200);
  taken.else = 'key-2';
  await until(
    async () => refused,
    (seen) => seen > before + 3,
  );
  expect(await status()).toMatchObject({ failed: 0 });
  expect((await runJson<{ error: { code: string; message: string } }>('verify')).error.code).toBe(
    'results_unavailable',
  );
  await secrets.send(new PutSecretValueCommand({ SecretId: SECRET, SecretString: 'key-2' }));
  expect(await drained(200)).toMatchObject({ processed: 200, failed: 0, queue: { deadLetters: 0 } });
  // verify has its own key. It reads a refused key again at most every five seconds.
  const verification = await until(
    () => runJson<Verification | { error: unknown }>('verify'),
    (seen) => !('error' in seen),
    30,
  );
  expect(verification).toMatchObject({ ok: true, documents: 200 });
});
