import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const PROJECT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');

/** Source files outside test/, relative to the project's folder. */
const sources = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs'], {
  cwd: PROJECT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && !file.startsWith('test/'));

/** The imports of a source file: packages by name, files by their path relative to the project's folder. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, specifier = '']) =>
    specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
  );
}

/** Folders, and the folders that their files import from. */
const folders = new Map<string, Set<string>>();
for (const file of sources) {
  const imported = folders.get(dirname(file)) ?? new Set();
  folders.set(dirname(file), imported);
  for (const target of importsOf(file))
    if (sources.includes(target) && dirname(target) !== dirname(file)) imported.add(dirname(target));
}

/** The path of imports from a folder back to it, if there is one. */
function findCycle(path: string[], seen: Set<string>): string[] | undefined {
  for (const next of folders.get(path.at(-1) ?? '') ?? []) {
    if (next === path[0]) return [...path, next];
    if (seen.has(next)) continue;
    seen.add(next);
    const cycle = findCycle([...path, next], seen);
    if (cycle) return cycle;
  }
  return undefined;
}

test('imports between folders have no cycle', () => {
  const cycles = [...folders.keys()].map((folder) => findCycle([folder], new Set([folder]))?.join(' → '));
  expect(cycles.filter(Boolean)).toEqual([]);
});

test('functions/core uses neither Lambda, nor the environment, nor a logger', () => {
  const core = sources.filter((file) => file.startsWith('functions/core/'));
  expect(core.length).toBeGreaterThan(20);
  for (const file of core) {
    const foreign = importsOf(file).filter((imported) =>
      /lambda|logger|^functions\/(?!core\/)/.test(imported),
    );
    expect(foreign, file).toEqual([]);
    expect(read(file), file).not.toMatch(/process\.env|console\./);
  }
});
