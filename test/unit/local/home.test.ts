import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientEnvironment, localHome } from '../../../local/base/home.ts';
import { UserError } from '../../../local/base/user-error.ts';

test('the defaults are a folder in the project and the usual ports', () => {
  const home = localHome({});
  expect(home.root).toBe(join(import.meta.dirname, '../../../.drumline'));
  expect([home.emulatorUrl, home.elasticsearchUrl]).toEqual([
    'http://127.0.0.1:4566',
    'http://127.0.0.1:9200',
  ]);
});

test('the variables set root and ports, and all folders are below the root', () => {
  const { root, emulatorPort, elasticsearchPort, emulatorUrl, elasticsearchUrl, ...folders } = localHome({
    DRUMLINE_HOME: '/somewhere',
    DRUMLINE_EMULATOR_PORT: '5000',
    DRUMLINE_ELASTICSEARCH_PORT: '65535',
  });
  expect([root, emulatorPort, elasticsearchPort]).toEqual(['/somewhere', 5000, 65_535]);
  expect([emulatorUrl, elasticsearchUrl]).toEqual(['http://127.0.0.1:5000', 'http://127.0.0.1:65535']);
  for (const folder of Object.values(folders)) expect(folder).toMatch(/^\/somewhere\/[a-z]+$/);
});

test('an empty variable counts as unset, and a relative folder is resolved from the working directory', () => {
  expect(localHome({ DRUMLINE_EMULATOR_PORT: '' }).emulatorPort).toBe(4566);
  expect(localHome({ DRUMLINE_HOME: 'here' }).root).toBe(join(process.cwd(), 'here'));
});

test('a value that is not a port is rejected, and so is one port for both servers', () => {
  for (const port of ['0', '65536', '4566.5', '-1', 'abc', '0x50', ' 80', '1e3']) {
    const attempt = () => localHome({ DRUMLINE_ELASTICSEARCH_PORT: port });
    expect(attempt, port).toThrow(UserError);
    expect(attempt).toThrow(
      `DRUMLINE_ELASTICSEARCH_PORT is "${port}"; it must be a whole number from 1 to 65535.`,
    );
  }
  expect(() => localHome({ DRUMLINE_EMULATOR_PORT: '9200' })).toThrow('both use port 9200');
});

test('every AWS client uses the emulator, and nothing of another account is left', () => {
  const home = localHome({ DRUMLINE_EMULATOR_PORT: '4999' });
  const leftovers = { AWS_PROFILE: 'work', AWS_SESSION_TOKEN: 'secret', AWS_ENDPOINT_URL_SQS: 'http://x' };
  const environment = clientEnvironment(home, { ...leftovers, PATH: '/bin' });
  expect(environment).toMatchObject({
    PATH: '/bin',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4999',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_REGION: 'us-east-1',
  });
  for (const name of Object.keys(leftovers)) expect(environment).not.toHaveProperty(name);
});
