import { readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import type { Step } from '../base/steps.ts';
import { UserError } from '../base/user-error.ts';
import { identify, isAlive } from './process-identity.ts';
import { poll } from './server-process.ts';

const WAIT_MS = 15 * 60_000;

/**
 * Does the work while no other process holds this lock. A holder that is alive is waited for; the lock of one that died
 * is taken over.
 * @throws UserError if the holder does not let go for a quarter of an hour
 */
export async function withLock<T>(
  file: string,
  step: Step,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!tryLock(file)) {
    const title = `Waiting for another Drumline command (pid ${holderOf(file) ?? 'unknown'})`;
    const taken = await step(title, () => poll(() => tryLock(file), WAIT_MS, signal));
    if (!taken) {
      throw new UserError(
        `Another Drumline command (pid ${holderOf(file)}) has held the lock ${file} for too long.`,
        'Wait for that command or end it, and try again.',
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
 * The lock is a symbolic link to nowhere, whose target names the holder: it comes into being together with its content,
 * and can be made on a full disk, where someone may want to stop the servers.
 */
function tryLock(file: string): boolean {
  const holder = identify(process.pid) ?? { pid: process.pid, start: 'unknown' };
  try {
    symlinkSync(`${holder.pid} ${holder.start}`, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const target = read(file);
  if (target === undefined || isHeld(target)) return false;
  takeAway(file, target);
  return tryLock(file);
}

/** Two may find the same stale lock; the slower one must not take away what the faster one has made in its place. */
function takeAway(file: string, stale: string): void {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // the other was faster
  }
  if (read(aside) === stale) rmSync(aside);
  else renameSync(aside, file);
}

function isHeld(target: string): boolean {
  const [, pid, start] = /^(\d+) (.*)$/.exec(target) ?? [];
  return start !== undefined && isAlive({ pid: Number(pid), start });
}

function holderOf(file: string): number | undefined {
  return Number.parseInt(read(file) ?? '', 10) || undefined;
}

function read(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined; // let go in between
  }
}
