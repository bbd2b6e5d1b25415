import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../infra-cdk/settings/settings.ts';

/**
 * Licences under which a package may ship: they ask for a notice, or nothing, and put no terms on what it is part of.
 * Names by SPDX.
 */
const ALLOWED = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
]);

/** Packages by licence: all that `npm ci --omit=dev` installs, of which the functions' bundles are a part. */
function shipped(): Map<string, string[]> {
  const lock = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; license?: string }>;
  };
  const byLicence = new Map<string, Set<string>>();
  for (const [path, { dev, license = 'none' }] of Object.entries(lock.packages)) {
    if (path === '' || dev) continue;
    const names = byLicence.get(license) ?? new Set();
    byLicence.set(license, names.add(path.replace(/.*node_modules\//, '')));
  }
  return new Map([...byLicence].sort().map(([licence, names]) => [licence, [...names].sort()]));
}

/** Where there is a choice, one that is allowed will do. */
const isAllowed = (licence: string) =>
  licence
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((each) => ALLOWED.has(each));

test('what ships has a licence that allows it', () => {
  const refused = [...shipped()].filter(([licence]) => !isAllowed(licence));
  expect(Object.fromEntries(refused)).toEqual({});
});

test.each([
  'GPL-3.0-or-later',
  'AGPL-3.0',
  'MPL-2.0',
  'SSPL-1.0',
  'Elastic-2.0',
  'UNLICENSED',
  'none',
  'MIT AND GPL-2.0',
])('would be refused under %s', (licence) => {
  expect(isAllowed(licence)).toBe(false);
});

/** Written anew by `npx vitest run --project unit test/unit/docs -u`. */
test('docs/licences.md lists them', async () => {
  const text = [
    '# Licences of what ships',
    '',
    'All packages that `npm ci --omit=dev` installs, by licence (SPDX). The functions’ bundles hold a part of them; the',
    'rest is the CDK’s and the command’s. `test/unit/docs/licences.test.ts` writes this list, and fails for a licence that',
    'is not among those allowed there.',
    ...[...shipped()].flatMap(([licence, names]) => [
      '',
      `## ${licence} (${names.length})`,
      '',
      `${names.join(', ')}`,
    ]),
    '',
  ].join('\n');
  await expect(text).toMatchFileSnapshot(join(PROJECT, 'docs', 'licences.md'));
});
