import type { Status } from '../../functions/status.ts';

/** What one worker has done, and its part of the whole; `share` is from 0 to 1. */
export interface Share {
  id: string;
  processed: number;
  share: number;
}

/** Each worker's part of what the workers have processed, the largest first. */
export function sharesOf({ workers, retiredWorkers }: Pick<Status, 'workers' | 'retiredWorkers'>): Share[] {
  const total = workers.reduce((sum, { processed }) => sum + processed, retiredWorkers.processed);
  return workers
    .map(({ id, processed }) => ({ id, processed, share: total > 0 ? processed / total : 0 }))
    .sort((one, other) => other.processed - one.processed || (one.id < other.id ? -1 : 1));
}

/** When a worker last counted a job, in milliseconds since 1970; nothing when none has. */
export function lastCountAt({ workers }: Pick<Status, 'workers'>): number | undefined {
  const times = workers.map(({ lastSeenAt }) => Date.parse(lastSeenAt));
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** Jobs that are enqueued and neither processed nor failed. */
export function pendingOf({
  enqueued,
  processed,
  failed,
}: Pick<Status, 'enqueued' | 'processed' | 'failed'>): number {
  return enqueued - processed - failed;
}

/** The shares in one phrase: `52 / 48 %`; nothing while there are none, or too many to read. */
export function percentShares(status: Pick<Status, 'workers' | 'retiredWorkers'>): string {
  const shares = sharesOf(status);
  if (shares.length < 2 || shares.length > 8) return '';
  return `shared ${shares.map(({ share }) => Math.round(share * 100)).join(' / ')} %`;
}
