import { readSecret } from './secrets.ts';

/** The format of an API key as Elasticsearch encodes it (base64). */
const KEY_FORMAT = /^[\w+/=-]+$/;

/** Minimum time between two reads of the secret, in milliseconds. Otherwise a wrong key causes a read per request. */
const MIN_READ_INTERVAL_MS = 5_000;

/**
 * An API key from Secrets Manager. It is read once per execution environment, and again when Elasticsearch rejects it, so
 * that it can be rotated while the system runs. Concurrent requests share one read.
 */
export class ApiKey {
  #known: Promise<string> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly read: () => Promise<string>,
    readonly clock: () => number = Date.now,
  ) {}

  /** The key. @throws Error when it cannot be read; the next caller tries again */
  current(): Promise<string> {
    this.#known ??= this.#startRead();
    return this.#known;
  }

  /** The key to use instead of a rejected one; the same key if there is no new one. @throws Error as `current` does */
  async insteadOf(rejected: string): Promise<string> {
    const before = this.current();
    const known = await before;
    // Another request may have started a new read in the meantime.
    const isLatest = this.#known === before;
    if (known === rejected && isLatest && this.clock() - this.#readAt >= MIN_READ_INTERVAL_MS)
      this.#known = this.#startRead();
    return this.current();
  }

  #startRead(): Promise<string> {
    this.#readAt = this.clock();
    const reading = this.read();
    // A failed read is not cached.
    reading.catch(() => {
      if (this.#known === reading) this.#known = undefined;
    });
    return reading;
  }
}

/** Reads an API key from a secret. @param name name or ARN @throws Error that names the secret and never its value */
export async function readApiKey(name: string): Promise<string> {
  const key = (await readSecret(name)).trim();
  if (!KEY_FORMAT.test(key)) {
    throw new Error(`the secret ${name} contains no API key: store the encoded key there as plain text`);
  }
  return key;
}
