import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 100;

/**
 * Asks until the answer is yes.
 * @param deadlineMs how long to go on asking, in milliseconds
 * @returns false if the deadline passed first
 * @throws the signal's reason when it is aborted
 */
export async function poll(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await condition()) return true;
    if (Date.now() >= deadline) return false;
    await sleep(INTERVAL_MS);
  }
}
