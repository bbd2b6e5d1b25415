import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { areInstalled } from '../../../local/dependencies.mjs';

describe('areInstalled', () => {
  let project: string;
  const lock = (file: string, packages: Record<string, object>) =>
    writeFileSync(join(project, file), JSON.stringify({ packages }));
  const wanted = {
    '': { name: 'project' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/b-for-another-system': { version: '1.0.0', integrity: 'sha512-b', optional: true },
  };
  const { '': _, 'node_modules/b-for-another-system': __, ...here } = wanted;

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'drumline-dependencies-'));
    mkdirSync(join(project, 'node_modules'));
    lock('package-lock.json', wanted);
  });
  afterEach(() => rmSync(project, { recursive: true }));

  it('is true when npm has put in place what the lock file names', () => {
    lock('node_modules/.package-lock.json', here);
    expect(areInstalled(project)).toBe(true);
  });

  it('is false in a fresh clone, and after an install that did not come to its end', () => {
    expect(areInstalled(project)).toBe(false);
  });

  it('is false when a package is missing or another version', () => {
    lock('node_modules/.package-lock.json', {});
    expect(areInstalled(project)).toBe(false);
    lock('node_modules/.package-lock.json', {
      'node_modules/a': { version: '1.0.1', integrity: 'sha512-x' },
    });
    expect(areInstalled(project)).toBe(false);
  });
});
