import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { MAX_JOBS_PER_MESSAGE } from '../../../../functions/core/model/message.ts';
import { readEnvironment } from '../../../../functions/runtime/environment.ts';
import { PROJECT } from '../../../../infra-cdk/settings/settings.ts';

type Variable = Parameters<typeof readEnvironment>[0];

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Reads a variable that has this value. */
function read(name: Variable, value: string | undefined) {
  vi.stubEnv(name, value);
  return readEnvironment(name)[name];
}

test('returns only the requested variables, with numbers and empty values where these are allowed', () => {
  vi.stubEnv('DRUMLINE_INDEX', undefined);
  vi.stubEnv('DRUMLINE_TABLE', 'a-table');
  expect(readEnvironment('DRUMLINE_TABLE')).toEqual({ DRUMLINE_TABLE: 'a-table' });
  for (const [name, value, parsed] of [
    ['DRUMLINE_JOBS_PER_MESSAGE', '25', 25],
    ['DRUMLINE_JOBS_PER_MESSAGE', 'auto', 'auto'],
    ['DRUMLINE_INDEX_REFRESH_SECONDS', '30', 30],
    ['DRUMLINE_INDEX_REFRESH_SECONDS', '', ''],
    ['DRUMLINE_ELASTICSEARCH_API_KEY_SECRET', '', ''],
  ] as const)
    expect(read(name, value)).toBe(parsed);
});

test('names a variable that is missing or invalid, and says what to do', () => {
  // The variables that the schema of environment.ts lists.
  const source = readFileSync(join(PROJECT, 'functions/runtime/environment.ts'), 'utf8');
  const names = [...source.matchAll(/^ {2}(DRUMLINE_\w+): /gm)].map(([, name]) => name as Variable);
  expect(names.length).toBeGreaterThan(15);
  for (const name of names)
    expect(() => read(name, undefined)).toThrow(
      new RegExp(`^${name} is not set: .+; deploy the stack again$`),
    );
  const numbers = ['', '0', '-1', '1.5', 'ten', 'NaN', 'Infinity', '1e99', String(MAX_JOBS_PER_MESSAGE + 1)];
  for (const [name, ...values] of [
    ['DRUMLINE_TABLE', ''],
    ['DRUMLINE_MAPPING', '', '{', 'null', '{"item":{}}'],
    ['DRUMLINE_PACKING', '', '{', 'null', '{"batchSize":10}'],
    ['DRUMLINE_INDEX_REFRESH_SECONDS', '0', 'x', '-1'],
    ['DRUMLINE_JOBS_PER_MESSAGE', ...numbers],
  ] as const)
    for (const value of values) expect(() => read(name, value)).toThrow(`${name} is ${value}: `);
});

test('names the first of several invalid variables', () => {
  vi.stubEnv('DRUMLINE_INDEX', undefined);
  vi.stubEnv('DRUMLINE_TABLE', undefined);
  expect(() => readEnvironment('DRUMLINE_INDEX', 'DRUMLINE_TABLE')).toThrow(/^DRUMLINE_INDEX /);
});
