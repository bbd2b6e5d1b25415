/** How long a message whose jobs failed waits for its next delivery; both in seconds. */
export interface Backoff {
  baseSeconds: number;
  capSeconds: number;
}

/**
 * How long messages wait while Elasticsearch or DynamoDB is gone, in seconds: at first no longer than 8, so that work goes
 * on soon after a short outage; then twice as long with every 50th return, up to 15 minutes. So the wait stays at about a
 * fiftieth of how long the outage has lasted.
 */
const OUTAGE = { capSeconds: 8, doublesEvery: 50, longestSeconds: 900 };

/**
 * The delay before a message is tried again whose jobs have failed: doubled with each failure, up to the cap.
 * @param failures how often it has failed, from 1
 * @param random from 0 to below 1
 * @returns whole seconds, from 1
 */
export function retryDelaySeconds(
  { baseSeconds, capSeconds }: Backoff,
  failures: number,
  random: number,
): number {
  return jittered(Math.min(capSeconds, baseSeconds * 2 ** Math.min(failures - 1, 30)), random);
}

/**
 * The delay before a message is tried again for which a service was gone.
 * @param returns how often it was sent back, from 1
 * @param random from 0 to below 1
 * @returns whole seconds, from 1 to 900
 */
export function outageDelaySeconds(returns: number, random: number): number {
  const { capSeconds, doublesEvery, longestSeconds } = OUTAGE;
  const growth = 2 ** Math.min(Math.floor(returns / doublesEvery), 30);
  const seconds = Math.min(capSeconds, 2 ** Math.min(returns - 1, 30)) * growth;
  return jittered(Math.min(longestSeconds, seconds), random);
}

/**
 * By chance between half and all of it, so that messages which failed together don't come back together ("equal jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
function jittered(seconds: number, random: number): number {
  return Math.max(1, Math.round(seconds / 2 + (seconds / 2) * random));
}
