import { afterEach, describe, expect, test, vi } from 'vitest';
import { MAX_JOBS_PER_MESSAGE } from '../../../../functions/core/model/message.ts';
import { readEnvironment } from '../../../../functions/runtime/environment.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('readEnvironment', () => {
  test('returns the variables that are asked for, and parses numbers', () => {
    vi.stubEnv('DRUMLINE_TABLE', 'a-table');
    vi.stubEnv('DRUMLINE_JOBS_PER_MESSAGE', '25');
    expect(readEnvironment('DRUMLINE_TABLE', 'DRUMLINE_JOBS_PER_MESSAGE')).toEqual({
      DRUMLINE_TABLE: 'a-table',
      DRUMLINE_JOBS_PER_MESSAGE: 25,
    });
  });

  test('ignores all other variables', () => {
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
  ] as const)('says that %s is not set and what to do', (name) => {
    vi.stubEnv(name, undefined);
    expect(() => readEnvironment(name)).toThrow(
      new RegExp(`^${name} is not set: .+; deploy the stack again$`),
    );
  });

  test('accepts an empty API key secret, but no other empty name', () => {
    vi.stubEnv('DRUMLINE_ELASTICSEARCH_API_KEY_SECRET', '');
    expect(readEnvironment('DRUMLINE_ELASTICSEARCH_API_KEY_SECRET')).toEqual({
      DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: '',
    });
    vi.stubEnv('DRUMLINE_TABLE', '');
    expect(() => readEnvironment('DRUMLINE_TABLE')).toThrow(/^DRUMLINE_TABLE is /);
  });

  test('reads a refresh interval of whole seconds, or none', () => {
    const read = (value: string) => {
      vi.stubEnv('DRUMLINE_INDEX_REFRESH_SECONDS', value);
      return readEnvironment('DRUMLINE_INDEX_REFRESH_SECONDS').DRUMLINE_INDEX_REFRESH_SECONDS;
    };
    expect([read(''), read('30')]).toEqual(['', 30]);
    for (const value of ['0', 'x', '-1']) expect(() => read(value)).toThrow(/deploy the stack again/);
  });

  test.each(['', '0', '-1', '1.5', 'ten', 'NaN', 'Infinity', '1e99', String(MAX_JOBS_PER_MESSAGE + 1)])(
    'refuses %j jobs per message',
    (value) => {
      vi.stubEnv('DRUMLINE_JOBS_PER_MESSAGE', value);
      expect(() => readEnvironment('DRUMLINE_JOBS_PER_MESSAGE')).toThrow(
        `DRUMLINE_JOBS_PER_MESSAGE is ${value}: `,
      );
    },
  );

  test('names the first of several wrong variables', () => {
    vi.stubEnv('DRUMLINE_INDEX', undefined);
    vi.stubEnv('DRUMLINE_TABLE', undefined);
    expect(() => readEnvironment('DRUMLINE_INDEX', 'DRUMLINE_TABLE')).toThrow(/^DRUMLINE_INDEX /);
  });
});
