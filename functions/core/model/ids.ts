import { randomBytes } from 'node:crypto';

/** A run's name: the UTC second it started in and four random letters, so that names sort by time and never repeat. */
export type RunId = string & { readonly brand: 'RunId' };

/** An integer from 1 up, unique for the whole life of a deployment. */
export type JobId = number & { readonly brand: 'JobId' };

/** Names one execution environment for as long as it lives. */
export type WorkerId = string & { readonly brand: 'WorkerId' };

/** What a run's name looks like: `20261123-214512-k3f9`. */
export const RUN_ID = /^\d{8}-\d{6}-[a-z0-9]{4}$/;

/** `at` in milliseconds since 1970. */
export function newRunId(at: number): RunId {
  const second = new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `${second}-${letters(4)}` as RunId;
}

export function newWorkerId(): WorkerId {
  return `worker-${letters(8)}` as WorkerId;
}

function letters(count: number): string {
  // 32 letters, so that a byte's lower five bits pick one without bias.
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return Array.from(randomBytes(count), (byte) => alphabet[byte & 31]).join('');
}
