import { expect, test } from 'vitest';
import { readSuiteTarget, targetOptions } from '../../e2e/suite-target.ts';

test('the suite runs on its own local cloud by default', async () => {
  const suite = await readSuiteTarget({
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    DRUMLINE_EMULATOR_PORT: '4566',
  });
  expect(suite).toMatchObject({ target: 'local', stage: '' });
  expect(suite.environment).not.toHaveProperty('AWS_ENDPOINT_URL');
  expect(suite.environment.DRUMLINE_EMULATOR_PORT).not.toBe('4566');
});

test('on LocalStack it has its own stage and ignores the user’s keys', async () => {
  const suite = await readSuiteTarget({
    DRUMLINE_TEST_TARGET: 'localstack',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4577',
    AWS_ACCESS_KEY_ID: 'AKIAMINE',
  });
  expect(targetOptions(suite)).toEqual(['--target', 'localstack', '--stage', 'e2e']);
  expect(suite.environment).toEqual({ AWS_ENDPOINT_URL: 'http://127.0.0.1:4577' });
});

test.each([
  ['no stage', { DRUMLINE_TEST_ON_AWS: 'yes' }],
  ['no confirmation', { DRUMLINE_TEST_STAGE: 'e2e' }],
  ['a wrong confirmation', { DRUMLINE_TEST_STAGE: 'e2e', DRUMLINE_TEST_ON_AWS: '1' }],
])('it refuses AWS with %s', async (_what, variables) => {
  await expect(readSuiteTarget({ DRUMLINE_TEST_TARGET: 'aws', ...variables })).rejects.toThrow(
    /costs money.*--stage.*DRUMLINE_TEST_ON_AWS=yes/,
  );
});

test('it runs on AWS with a stage and a confirmation', async () => {
  const aws = { DRUMLINE_TEST_TARGET: 'aws', DRUMLINE_TEST_STAGE: 'e2e', DRUMLINE_TEST_ON_AWS: 'yes' };
  expect(await readSuiteTarget({ ...aws, AWS_PROFILE: 'mine', HOME: '/home/me' })).toEqual({
    target: 'aws',
    stage: 'e2e',
    environment: { AWS_PROFILE: 'mine' },
  });
});
