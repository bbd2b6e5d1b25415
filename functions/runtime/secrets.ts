import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { reasonFrom } from '../core/model/errors.ts';
import { TIMEOUTS } from './aws-clients.ts';

/** How long `secret` caches a value, in milliseconds: a rotated secret is used at most this much later. */
const CACHE_MS = 300_000;

const cached = new Map<string, { value: Promise<string>; readAt: number }>();

/**
 * Reads one of the secrets that the job names under `needs.secrets`. The value is cached for five minutes. Outside of the
 * functions, e.g. with `drumline try`, the value is the environment variable of that name.
 * @example
 *     needs: { secrets: { API_KEY: 'production/api-key' } },
 *     async run(item) { const key = await secret('API_KEY'); … }
 * @param name the secret's name under `needs.secrets`
 * @throws Error when the job does not name the secret, or it cannot be read
 */
export async function secret(name: string): Promise<string> {
  const id = (JSON.parse(process.env.DRUMLINE_SECRETS ?? '{}') as Record<string, string>)[name];
  if (id === undefined) {
    const value = process.env[name];
    if (value !== undefined) return value;
    throw new Error(
      `the job needs no secret ${name}: name it under needs.secrets, or set the variable ${name}`,
    );
  }
  const known = cached.get(name);
  if (known && Date.now() - known.readAt < CACHE_MS) return known.value;
  const value = readSecret(id);
  cached.set(name, { value, readAt: Date.now() });
  // A failed read is not cached.
  value.catch(() => cached.delete(name));
  return value;
}

/** Reads a secret's text. @param id name or ARN @throws Error that names the secret and never its value */
export async function readSecret(id: string): Promise<string> {
  const client = new SecretsManagerClient({ requestHandler: TIMEOUTS });
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id })).catch((error) => {
    throw new Error(`the secret ${id} cannot be read: ${reasonFrom(error)}`);
  });
  return SecretString ?? '';
}
