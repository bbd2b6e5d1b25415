import { readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import type { Step } from '../base/steps.ts';
import { UserError } from '../base/user-error.ts';
import { identify, isAlive } from './process-identity.ts';
import { poll } from './server-process.ts';

const MAX_WAIT_MS = 15 * 60_000;

/**
 * Does the work while this process holds the lock. Waits for another holder that is alive; takes the lock of a dead one.
 * @throws UserError if the holder does not release the lock within 15 minutes
 */
export async function withLock<T>(
  file: string,
  step: Step,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!tryLock(file)) {
    const title = `Waiting for another Drumline command (pid ${holderOf(file) ?? 'unknown'})`;
    const taken = await step(title, () => poll(() => tryLock(file), MAX_WAIT_MS, signal));
    if (!taken) {
      throw new UserError(
        `Another Drumline command (pid ${holderOf(file)}) has held the lock ${file} for too long.`,
        'Wait for that command or end it, and run this one again.',
      );
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * The lock is a symbolic link whose target is not a file, but names the holder. A link is created atomically with its
 * content. It can also be created on a full disk, where the user must still be able to stop the servers.
 */
function tryLock(file: string): boolean {
  const holder = identify(process.pid) ?? { pid: process.pid, start: 'unknown' };
  try {
    symlinkSync(`${holder.pid} ${holder.start}`, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const target = readLock(file);
  if (target === undefined || isHeld(target)) return false;
  removeStaleLock(file, target);
  return tryLock(file);
}

/** Two processes may find the same stale lock. The slower one must not remove the new lock of the faster one. */
function removeStaleLock(file: string, stale: string): void {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // the other process was faster
  }
  if (readLock(aside) === stale) rmSync(aside);
  else renameSync(aside, file);
}

function isHeld(target: string): boolean {
  const [, pid, start] = /^(\d+) (.*)$/.exec(target) ?? [];
  return start !== undefined && isAlive({ pid: Number(pid), start });
}

function holderOf(file: string): number | undefined {
  return Number.parseInt(readLock(file) ?? '', 10) || undefined;
}

function readLock(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined; // released in the meantime
  }
}
