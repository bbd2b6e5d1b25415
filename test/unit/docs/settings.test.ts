import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../infra-cdk/settings/settings.ts';
import {
  describeSettings,
  propsSource,
  settingsPage,
  settingsTable,
} from '../../../infra-cdk/settings/settings-table.ts';

/** `npx vitest run --project unit test/unit/docs -u` writes these files again. */
test('docs/settings.md and the properties of the construct match the schema', async () => {
  await expect(settingsPage()).toMatchFileSnapshot(join(PROJECT, 'docs', 'settings.md'));
  await expect(propsSource()).toMatchFileSnapshot(join(PROJECT, 'infra-cdk', 'drumline-props.ts'));
});

test('each setting has a range or form, and one sentence or two that describe it', () => {
  for (const { name, form, description } of describeSettings()) {
    expect([name, form]).toEqual([name, expect.stringMatching(/^.{5,130}$/)]);
    expect([name, description]).toEqual([name, expect.stringMatching(/^.{10,140}\.$/)]);
  }
});

const README_TABLE = /(?<=<!-- settings -->\n\n).*(?=\n\n<!-- \/settings -->)/s;

test('README.md has the table of the seven settings that people change most', async () => {
  const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
  expect(readme).toMatch(README_TABLE);
  expect(describeSettings().filter((setting) => setting.common)).toHaveLength(7);
  const updated = readme.replace(README_TABLE, () => settingsTable((setting) => setting.common));
  await expect(updated).toMatchFileSnapshot(join(PROJECT, 'README.md'));
});
