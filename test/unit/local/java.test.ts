import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { hasJavaPackage } from '../../../local/java/java.ts';

const PROJECT = resolve(import.meta.dirname, '..', '..', '..');
const LISTS = ['local/java/compiler', 'local/elasticsearch/jars', 'test/ledger/dynamodb-local/jars'];

test('PyPI has a Java runtime for the usual platforms, not for Alpine or other processors', () => {
  for (const platform of ['linux', 'darwin'] as const) {
    for (const arch of ['x64', 'arm64'] as const) expect(hasJavaPackage(platform, arch, false)).toBe(true);
  }
  expect(hasJavaPackage('linux', 'x64', true)).toBe(false);
  expect(hasJavaPackage('linux', 'riscv64', false)).toBe(false);
});

test('each jar is pinned by its SHA-256 and a path in a Maven repository, and file names are unique', () => {
  for (const list of LISTS) {
    const lines = readFileSync(join(PROJECT, `${list}.sha256`), 'utf8')
      .trimEnd()
      .split('\n');
    for (const line of lines) {
      expect(line).toMatch(
        /^[0-9a-f]{64} {2}(?:[\w.-]+\/)+([\w.-]+)\/([\w.-]+)\/\1-\2\.(?:jar|so|dylib|dll)$/,
      );
    }
    // All files of a list are put into one folder.
    const names = lines.map((line) => line.split('/').at(-1));
    expect(new Set(names).size).toBe(names.length);
  }
});
