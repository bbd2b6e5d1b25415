/** How long a failed message waits for its next delivery; both in seconds. */
export interface Backoff {
  baseSeconds: number;
  capSeconds: number;
}

/**
 * While Elasticsearch or DynamoDB is gone, no job is to blame and messages wait at most this long, in seconds, so
 * that work goes on soon after the service is back.
 */
export const OUTAGE_CAP_SECONDS = 8;

/**
 * The delay before a message's next delivery: doubled with each delivery, up to the cap, and then by chance between
 * half and all of it, so that messages which failed together don't come back together ("equal jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param receives how often the message has been delivered, from 1
 * @param chance from 0 to below 1
 * @returns whole seconds, from 1
 */
export function delaySeconds(backoff: Backoff, receives: number, chance: number): number {
  const full = Math.min(backoff.capSeconds, backoff.baseSeconds * 2 ** Math.min(receives - 1, 30));
  return Math.max(1, Math.round(full / 2 + (full / 2) * chance));
}
