import { mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Installation, install, isInstalled, removeUnfinished } from '../../../local/process/install.ts';

describe('install', () => {
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

  it('is done once it is whole, and again for another version', async () => {
    expect(await isInstalled(installation('1'))).toBe(false);
    await install(installation('1'));
    expect(await isInstalled(installation('1'))).toBe(true);
    expect(await isInstalled(installation('2'))).toBe(false);
    await install(installation('2'));
    expect(await readFile(join(root, 'software', 'program'), 'utf8')).toBe('2');
  });

  it('leaves the old one and no rest when the new one fails', async () => {
    await install(installation('1'));
    const failing = installation('2', () => Promise.reject(new Error('no network')));
    await expect(install(failing)).rejects.toThrow('no network');
    expect(await isInstalled(installation('1'))).toBe(true);
    expect(await readdir(root)).toEqual(['software']);
  });

  it('clears away what a killed one has left', async () => {
    await mkdir(join(root, 'software.building-abc123', 'half'), { recursive: true });
    await install(installation('1'));
    await removeUnfinished(root);
    expect(await readdir(root)).toEqual(['software']);
  });
});
