import { expect, test } from 'vitest';
import { optionsOf, readPlace } from '../../e2e/place.ts';

test('unless told otherwise the suite has a local cloud of its own', async () => {
  const place = await readPlace({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', DRUMLINE_EMULATOR_PORT: '4566' });
  expect(place).toMatchObject({ target: 'local', stage: '' });
  expect(place.environment).not.toHaveProperty('AWS_ENDPOINT_URL');
  expect(place.environment.DRUMLINE_EMULATOR_PORT).not.toBe('4566');
});

test('on LocalStack it has a stage of its own, and none of the user’s keys', async () => {
  const place = await readPlace({
    DRUMLINE_TEST_TARGET: 'localstack',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4577',
    AWS_ACCESS_KEY_ID: 'AKIAMINE',
  });
  expect(optionsOf(place)).toEqual(['--target', 'localstack', '--stage', 'e2e']);
  expect(place.environment).toEqual({ AWS_ENDPOINT_URL: 'http://127.0.0.1:4577' });
});

test.each([
  ['no stage', { DRUMLINE_TEST_ON_AWS: 'yes' }],
  ['no confirmation', { DRUMLINE_TEST_STAGE: 'e2e' }],
  ['a confirmation that is none', { DRUMLINE_TEST_STAGE: 'e2e', DRUMLINE_TEST_ON_AWS: '1' }],
])('on AWS it is refused with %s', async (_what, variables) => {
  await expect(readPlace({ DRUMLINE_TEST_TARGET: 'aws', ...variables })).rejects.toThrow(
    /costs money.*--stage.*DRUMLINE_TEST_ON_AWS=yes/,
  );
});

test('on AWS it goes where it is told to, clearly', async () => {
  const aws = { DRUMLINE_TEST_TARGET: 'aws', DRUMLINE_TEST_STAGE: 'e2e', DRUMLINE_TEST_ON_AWS: 'yes' };
  expect(await readPlace({ ...aws, AWS_PROFILE: 'mine', HOME: '/home/me' })).toEqual({
    target: 'aws',
    stage: 'e2e',
    environment: { AWS_PROFILE: 'mine' },
  });
});
