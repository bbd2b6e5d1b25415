import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silently } from '../../../local/base/steps.ts';
import { withLock } from '../../../local/process/lock.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drumline-lock-'));
  file = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('one holder works at a time, the others say whom they wait for, and no file is left', async () => {
  let working = 0;
  const titles: string[] = [];
  const work = async () => {
    working++;
    expect(working).toBe(1);
    await sleep(30);
    working--;
  };
  const step = <T>(title: string, wait: () => Promise<T>) => {
    titles.push(title);
    return wait();
  };
  await Promise.all([1, 2, 3].map(() => withLock(file, step, undefined, work)));
  expect(titles).toEqual(Array(2).fill(`Waiting for another Drumline command (pid ${process.pid})`));
  expect(readdirSync(folder)).toEqual([]);
});

test('the lock is released when the work fails', async () => {
  const failing = withLock(file, silently, undefined, () => Promise.reject(new Error('oh')));
  await expect(failing).rejects.toThrow('oh');
  expect(await withLock(file, silently, undefined, async () => 'next')).toBe('next');
});

test('the lock of a dead process is taken, even if another process has its pid', async () => {
  symlinkSync(`${process.pid} long ago`, file);
  expect(await withLock(file, silently, undefined, async () => 'mine')).toBe('mine');
  expect(readdirSync(folder)).toEqual([]);
});

test('waiting can be aborted', async () => {
  await withLock(file, silently, undefined, async () => {
    const waiting = withLock(file, silently, AbortSignal.timeout(20), async () => 'never');
    await expect(waiting).rejects.toThrow('timeout');
  });
});
