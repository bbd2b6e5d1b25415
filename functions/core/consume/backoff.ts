/** How long a message waits before its failed jobs are tried again. */
export interface Backoff {
  baseSeconds: number;
  capSeconds: number;
}

/**
 * How long messages wait while Elasticsearch or DynamoDB is unavailable. At first at most 8 seconds, so that work
 * resumes soon after a short outage. The wait doubles with every 50th return, up to 15 minutes, and so stays at about a
 * fiftieth of the time that the outage has lasted.
 */
const OUTAGE = { capSeconds: 8, doublesEvery: 50, maxSeconds: 900 };

/**
 * The delay before a message with failed jobs is tried again. It doubles with each failure, up to the cap.
 * @param failures how often the job has failed, from 1
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
 * The delay before a message is tried again that could not be processed because of an outage.
 * @param returns how often the message was sent back, from 1
 * @param random from 0 to below 1
 * @returns whole seconds, from 1 to 900
 */
export function outageDelaySeconds(returns: number, random: number): number {
  const { capSeconds, doublesEvery, maxSeconds } = OUTAGE;
  const growth = 2 ** Math.min(Math.floor(returns / doublesEvery), 30);
  const seconds = Math.min(capSeconds, 2 ** Math.min(returns - 1, 30)) * growth;
  return jittered(Math.min(maxSeconds, seconds), random);
}

/**
 * A random delay between half of it and all of it, so that messages which failed together do not come back together
 * ("equal jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
function jittered(seconds: number, random: number): number {
  return Math.max(1, Math.round(seconds / 2 + (seconds / 2) * random));
}
