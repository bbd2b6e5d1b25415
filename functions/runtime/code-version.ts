import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The version of a function's code: the first 12 hex digits of the SHA-256 of its bundle, which is one file. */
export function codeVersion(): string {
  const bundle = readFileSync(fileURLToPath(import.meta.url));
  return createHash('sha256').update(bundle).digest('hex').slice(0, 12);
}
