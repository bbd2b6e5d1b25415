import { randomBytes } from 'node:crypto';

/** Identifies a run: the UTC second in which it started, and four random characters. Ids sort by start time. */
export type RunId = string & { readonly brand: 'RunId' };

/** An integer from 1, unique during the whole life of a deployment. */
export type JobId = number & { readonly brand: 'JobId' };

/** Identifies one execution environment during its whole life. */
export type WorkerId = string & { readonly brand: 'WorkerId' };

/** The format of a run's id, e.g. `20261123-214512-k3f9`. */
export const RUN_ID = /^\d{8}-\d{6}-[a-z0-9]{4}$/;

/** @param startedAt milliseconds since 1970 */
export function newRunId(startedAt: number): RunId {
  const second = new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `${second}-${randomCharacters(4)}` as RunId;
}

export function newWorkerId(): WorkerId {
  return `worker-${randomCharacters(8)}` as WorkerId;
}

function randomCharacters(count: number): string {
  // 32 characters, so that the lower five bits of a byte select one without bias.
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return Array.from(randomBytes(count), (byte) => alphabet[byte & 31]).join('');
}
