import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { areInstalled } from '../../../local/dependencies.mjs';

test('areInstalled is true only if npm has installed every package of the lock file completely', () => {
  const project = mkdtempSync(join(tmpdir(), 'drumline-dependencies-'));
  onTestFinished(() => rmSync(project, { recursive: true }));
  const writeLock = (file: string, packages: Record<string, object>) =>
    writeFileSync(join(project, file), JSON.stringify({ packages }));
  const installed = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };
  const otherPlatform = { version: '1.0.0', integrity: 'sha512-b', optional: true };
  writeLock('package-lock.json', {
    '': { name: 'project' },
    ...installed,
    'node_modules/b-for-another-platform': otherPlatform,
  });
  mkdirSync(join(project, 'node_modules'));
  expect(areInstalled(project), 'a fresh clone, or an interrupted npm ci').toBe(false);

  const record = 'node_modules/.package-lock.json';
  writeLock(record, {});
  expect(areInstalled(project), 'a package is missing').toBe(false);
  writeLock(record, { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-x' } });
  expect(areInstalled(project), 'a package has another version').toBe(false);
  writeLock(record, installed);
  expect(areInstalled(project), 'all packages for this platform').toBe(true);
});
