import { mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Installation, install, isInstalled, removeUnfinished } from '../../../local/process/install.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'drumline-install-'));
});
afterEach(() => rm(root, { recursive: true }));

const installation = (version: string, build?: Installation['build']): Installation => ({
  folder: join(root, 'software'),
  version: async () => version,
  build: build ?? ((folder) => writeFile(join(folder, 'program'), version)),
});

test('software is installed once for each version', async () => {
  for (const version of ['1', '2']) {
    expect(await isInstalled(installation(version))).toBe(false);
    await install(installation(version));
    expect(await isInstalled(installation(version))).toBe(true);
    expect(await readFile(join(root, 'software', 'program'), 'utf8')).toBe(version);
  }
});

test('a failed installation keeps the old version and leaves no files', async () => {
  await install(installation('1'));
  const failing = installation('2', () => Promise.reject(new Error('no network')));
  await expect(install(failing)).rejects.toThrow('no network');
  expect(await isInstalled(installation('1'))).toBe(true);
  expect(await readdir(root)).toEqual(['software']);
});

test('the files of a killed installation are removed', async () => {
  await mkdir(join(root, 'software.building-abc123', 'half'), { recursive: true });
  await install(installation('1'));
  await removeUnfinished(root);
  expect(await readdir(root)).toEqual(['software']);
});
