import { afterEach, describe, expect, test, vi } from 'vitest';
import { MAX_JOBS_PER_MESSAGE } from '../../../../functions/core/model/message.ts';
import { readEnvironment } from '../../../../functions/runtime/environment.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('readEnvironment', () => {
  test('gives the variables asked for, numbers as numbers', () => {
    vi.stubEnv('DRUMLINE_TABLE', 'a-table');
    vi.stubEnv('DRUMLINE_JOBS_PER_MESSAGE', '25');
    expect(readEnvironment('DRUMLINE_TABLE', 'DRUMLINE_JOBS_PER_MESSAGE')).toEqual({
      DRUMLINE_TABLE: 'a-table',
      DRUMLINE_JOBS_PER_MESSAGE: 25,
    });
  });

  test('asks for no variable that the function doesn’t need', () => {
    vi.stubEnv('DRUMLINE_TABLE', 'a-table');
    vi.stubEnv('DRUMLINE_INDEX', undefined);
    expect(readEnvironment('DRUMLINE_TABLE')).toEqual({ DRUMLINE_TABLE: 'a-table' });
  });

  test.each([
    'DRUMLINE_TABLE',
    'DRUMLINE_JOBS_QUEUE',
    'DRUMLINE_DEAD_LETTER_QUEUE',
    'DRUMLINE_CONSUMER',
    'DRUMLINE_SCHEDULER',
    'DRUMLINE_ELASTICSEARCH_URL',
    'DRUMLINE_ELASTICSEARCH_API_KEY_SECRET',
    'DRUMLINE_ELASTICSEARCH_CA_FILE',
    'DRUMLINE_INDEX',
    'DRUMLINE_INDEX_SHARDS',
    'DRUMLINE_INDEX_REPLICAS',
    'DRUMLINE_INDEX_REFRESH_SECONDS',
    'DRUMLINE_JOBS_PER_MESSAGE',
    'DRUMLINE_JOB_CONCURRENCY',
    'DRUMLINE_MAX_ATTEMPTS',
    'DRUMLINE_RETRY_BASE_SECONDS',
    'DRUMLINE_RETRY_CAP_SECONDS',
    'DRUMLINE_LEDGER_TTL_SECONDS',
  ] as const)('says that %s is not set, and what to do', (name) => {
    vi.stubEnv(name, undefined);
    expect(() => readEnvironment(name)).toThrow(
      new RegExp(`^${name} is not set: .+; deploy the stack again$`),
    );
  });

  test('takes an empty API key secret for none, but no other empty name', () => {
    vi.stubEnv('DRUMLINE_ELASTICSEARCH_API_KEY_SECRET', '');
    expect(readEnvironment('DRUMLINE_ELASTICSEARCH_API_KEY_SECRET')).toEqual({
      DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: '',
    });
    vi.stubEnv('DRUMLINE_TABLE', '');
    expect(() => readEnvironment('DRUMLINE_TABLE')).toThrow(/^DRUMLINE_TABLE is /);
  });

  test.each([
    ['', ''],
    ['30', 30],
  ])('takes an index’s refresh interval of %j', (given, read) => {
    vi.stubEnv('DRUMLINE_INDEX_REFRESH_SECONDS', given);
    expect(readEnvironment('DRUMLINE_INDEX_REFRESH_SECONDS').DRUMLINE_INDEX_REFRESH_SECONDS).toBe(read);
  });

  test.each(['0', 'x', '-1'])('refuses an index’s refresh interval of %j', (given) => {
    vi.stubEnv('DRUMLINE_INDEX_REFRESH_SECONDS', given);
    expect(() => readEnvironment('DRUMLINE_INDEX_REFRESH_SECONDS')).toThrow(/deploy the stack again/);
  });

  test.each(['', '0', '-1', '1.5', 'ten', 'NaN', 'Infinity', '1e99', String(MAX_JOBS_PER_MESSAGE + 1)])(
    'refuses %j jobs a message, and says so',
    (value) => {
      vi.stubEnv('DRUMLINE_JOBS_PER_MESSAGE', value);
      expect(() => readEnvironment('DRUMLINE_JOBS_PER_MESSAGE')).toThrow(
        `DRUMLINE_JOBS_PER_MESSAGE is ${value}: `,
      );
    },
  );

  test('names the first of several that are wrong', () => {
    vi.stubEnv('DRUMLINE_INDEX', undefined);
    vi.stubEnv('DRUMLINE_TABLE', undefined);
    expect(() => readEnvironment('DRUMLINE_INDEX', 'DRUMLINE_TABLE')).toThrow(/^DRUMLINE_INDEX /);
  });
});
