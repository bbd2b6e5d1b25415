import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientEnvironment, localHome } from '../../../local/base/home.ts';
import { UserError } from '../../../local/base/user-error.ts';

describe('localHome', () => {
  it('lies in the project and on the usual ports unless told otherwise', () => {
    const home = localHome({});
    expect(home.root).toBe(join(import.meta.dirname, '../../../.drumline'));
    expect(home.emulatorUrl).toBe('http://127.0.0.1:4566');
    expect(home.elasticsearchUrl).toBe('http://127.0.0.1:9200');
  });

  it('follows the variables, and keeps everything below its root', () => {
    const { root, emulatorPort, elasticsearchPort, emulatorUrl, elasticsearchUrl, ...folders } = localHome({
      DRUMLINE_HOME: '/somewhere',
      DRUMLINE_EMULATOR_PORT: '5000',
      DRUMLINE_ELASTICSEARCH_PORT: '65535',
    });
    expect([root, emulatorPort, elasticsearchPort]).toEqual(['/somewhere', 5000, 65_535]);
    expect([emulatorUrl, elasticsearchUrl]).toEqual(['http://127.0.0.1:5000', 'http://127.0.0.1:65535']);
    for (const folder of Object.values(folders)) expect(folder).toMatch(/^\/somewhere\/[a-z]+$/);
  });

  it('takes an empty variable as unset and a relative folder from the working directory', () => {
    expect(localHome({ DRUMLINE_EMULATOR_PORT: '' }).emulatorPort).toBe(4566);
    expect(localHome({ DRUMLINE_HOME: 'here' }).root).toBe(join(process.cwd(), 'here'));
  });

  it.each(['0', '65536', '4566.5', '-1', 'abc', '0x50', ' 80', '1e3'])('refuses the port "%s"', (port) => {
    const attempt = () => localHome({ DRUMLINE_ELASTICSEARCH_PORT: port });
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(
      `DRUMLINE_ELASTICSEARCH_PORT is "${port}"; it must be a whole number from 1 to 65535.`,
    );
  });

  it('refuses one port for both servers', () => {
    expect(() => localHome({ DRUMLINE_EMULATOR_PORT: '9200' })).toThrow('both use port 9200');
  });
});

describe('clientEnvironment', () => {
  it('points every AWS client at the emulator and leaves nothing of another account', () => {
    const home = localHome({ DRUMLINE_EMULATOR_PORT: '4999' });
    const leftovers = {
      AWS_PROFILE: 'work',
      AWS_SESSION_TOKEN: 'secret',
      AWS_ENDPOINT_URL_SQS: 'http://x',
      PATH: '/bin',
    };
    const environment = clientEnvironment(home, leftovers);
    expect(environment).toMatchObject({
      PATH: '/bin',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4999',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_REGION: 'us-east-1',
    });
    for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL_SQS']) {
      expect(environment).not.toHaveProperty(name);
    }
  });
});
