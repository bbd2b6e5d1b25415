import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { settingsTable } from '../../../infra-cdk/settings/settings-table.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');

test('docs/settings.md lists the settings as the schema describes them', () => {
  expect(read('docs/settings.md')).toContain(settingsTable());
});

test('the README’s short table of settings has rows of the whole table', () => {
  const [, table = ''] = read('README.md').split(/<!-- \/?settings -->/);
  const rows = table.trim().split('\n');
  expect(rows).toHaveLength(8);
  for (const row of rows) expect(settingsTable()).toContain(row);
});
