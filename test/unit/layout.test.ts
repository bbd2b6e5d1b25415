import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const PROJECT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');

/** Source files outside test/, relative to the project's folder. */
const sources = execFileSync('git', ['ls-files', '*.ts', '*.mjs'], { cwd: PROJECT, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !file.startsWith('test/'));

/** The imports of a source file: packages by name, files by their path relative to the project's folder. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, specifier = '']) =>
    specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
  );
}

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
