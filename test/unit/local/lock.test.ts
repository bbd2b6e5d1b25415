import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silently } from '../../../local/base/steps.ts';
import { withLock } from '../../../local/process/lock.ts';

describe('withLock', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'drumline-lock-'));
    file = join(folder, 'lock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('lets one work at a time, tells the others whom they wait for, and leaves nothing', async () => {
    let inside = 0;
    const titles: string[] = [];
    const work = async () => {
      inside++;
      expect(inside).toBe(1);
      await sleep(30);
      inside--;
    };
    const step = <T>(title: string, wait: () => Promise<T>) => {
      titles.push(title);
      return wait();
    };
    await Promise.all([1, 2, 3].map(() => withLock(file, step, undefined, work)));
    expect(titles).toEqual(Array(2).fill(`Waiting for another Drumline command (pid ${process.pid})`));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is let go when the work fails', async () => {
    await expect(withLock(file, silently, undefined, () => Promise.reject(new Error('oh')))).rejects.toThrow(
      'oh',
    );
    expect(await withLock(file, silently, undefined, async () => 'next')).toBe('next');
  });

  it('is taken over from a process that died, even if its pid is in use again', async () => {
    symlinkSync(`${process.pid} long ago`, file);
    expect(await withLock(file, silently, undefined, async () => 'mine')).toBe('mine');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('can be stopped from waiting', async () => {
    await withLock(file, silently, undefined, async () => {
      const waiting = withLock(file, silently, AbortSignal.timeout(20), async () => 'never');
      await expect(waiting).rejects.toThrow('timeout');
    });
  });
});
