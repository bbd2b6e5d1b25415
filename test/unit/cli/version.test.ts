import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { drumline } from '../../e2e/command.ts';

test('--version and -V print the version of the package', async () => {
  const { version } = JSON.parse(
    await readFile(new URL('../../../package.json', import.meta.url), 'utf8'),
  ) as {
    version: string;
  };
  for (const flag of ['--version', '-V'])
    expect(await drumline({}, [flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
}, 60_000);
