import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { drumline } from '../../e2e/command.ts';

test('--version and -V print the version of the package', async () => {
  for (const flag of ['--version', '-V'])
    expect(await drumline({}, [flag])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
}, 60_000);
