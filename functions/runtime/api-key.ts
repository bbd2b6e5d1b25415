import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { reasonFrom } from '../core/model/errors.ts';
import { TIMEOUTS } from './aws-clients.ts';

/** What the API key's secret holds: the key as Elasticsearch encodes it. Never shown, so that an error may be. */
const KEY = /^[\w+/=-]+$/;

/** So long a key that was refused is not read anew, in milliseconds: a wrong one would have it read with every request. */
const READ_AGAIN_MS = 5_000;

/**
 * An API key that lies in Secrets Manager: read once for an execution environment, and anew when Elasticsearch refuses
 * it, so that it can be changed while the system runs. However many requests want it, it is read once for all.
 */
export class ApiKey {
  #known: Promise<string> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly read: () => Promise<string>,
    readonly clock: () => number = Date.now,
  ) {}

  /** The key, as far as is known. @throws Error when it can't be read; the next caller tries again */
  current(): Promise<string> {
    this.#known ??= this.#readAnew();
    return this.#known;
  }

  /** The key to use instead of one that was refused; the same one if there is no other. */
  async insteadOf(refused: string): Promise<string> {
    const before = this.current();
    const known = await before;
    // Unless somebody else has begun to read it meanwhile.
    const isLatest = this.#known === before;
    if (known === refused && isLatest && this.clock() - this.#readAt >= READ_AGAIN_MS)
      this.#known = this.#readAnew();
    return this.current();
  }

  #readAnew(): Promise<string> {
    this.#readAt = this.clock();
    const reading = this.read();
    // What failed is not kept for those who ask later.
    reading.catch(() => {
      if (this.#known === reading) this.#known = undefined;
    });
    return reading;
  }
}

/** Reads an API key from its secret, by name or ARN. @throws Error that says which secret, and never what it holds */
export async function readSecret(name: string): Promise<string> {
  const client = new SecretsManagerClient({ requestHandler: TIMEOUTS });
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name })).catch((error) => {
    throw new Error(`the secret ${name} can’t be read: ${reasonFrom(error)}`);
  });
  const key = SecretString?.trim() ?? '';
  if (!KEY.test(key)) {
    throw new Error(`the secret ${name} holds no API key: put the key there as it is, as plain text`);
  }
  return key;
}
