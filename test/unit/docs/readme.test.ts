import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { settingsTable } from '../../../infra-cdk/settings/settings-table.ts';

test('the README’s table of settings is what the schema says', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', '..', 'README.md'), 'utf8');
  expect(readme).toContain(settingsTable());
});
