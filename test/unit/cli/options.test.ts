import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { readAssignments } from '../../../cli/cloud/settings.ts';
import { givenBy } from '../../../cli/commands/deploy.ts';
import { UsageError } from '../../../cli/terminal/errors.ts';
import { duration, elasticsearchUrl, int, intList, runId, stage } from '../../../cli/terminal/options.ts';

test.each(['1', '5', '1000'])('%s is a whole number from 1 to 1,000', (text) => {
  expect(int(1, 1_000)(text)).toBe(Number(text));
});

test.each(['0', '1001', '', ' ', '1.5', '-1', '1e2', '0x10', 'many', '1_000', '99999999999999999999'])(
  '%j is none',
  (text) => {
    expect(() => int(1, 1_000)(text)).toThrow(InvalidArgumentError);
  },
);

test('a list of numbers keeps its order, and each once', () => {
  expect(intList(1, 8)('4,1, 2,4')).toEqual([4, 1, 2]);
  for (const text of ['', '1,', '1;2', '0,1', '9']) expect(() => intList(1, 8)(text)).toThrow();
});

test('a duration of nothing is none', () => {
  expect(duration('5m')).toBe(300_000);
  expect(() => duration('0s')).toThrow(/such as 30s/);
});

test('names of runs and stages', () => {
  expect(runId('20261123-214512-k3f9')).toBe('20261123-214512-k3f9');
  expect(() => runId('latest')).toThrow();
  expect(stage('test-2')).toBe('test-2');
  for (const text of ['', 'Test', '2nd', 'a'.repeat(21), 'a b']) expect(() => stage(text)).toThrow();
});

test('an Elasticsearch’s URL loses its last slash; what is no URL is not repeated', () => {
  expect(elasticsearchUrl('https://es.example.com/')).toBe('https://es.example.com');
  expect(() => elasticsearchUrl('user:secret@host')).toThrow(/^(?!.*secret)/);
  expect(() => elasticsearchUrl('ftp://host')).toThrow();
});

describe('settings on the command line', () => {
  test('by name and value, the value as it is', () => {
    expect(readAssignments(['index=a=b', 'elasticsearchApiKeySecret='])).toEqual({
      index: 'a=b',
      elasticsearchApiKeySecret: '',
    });
  });

  test('an unknown name is refused with those that there are', () => {
    expect(() => readAssignments(['concurency=3'])).toThrow(UsageError);
    expect(() => readAssignments(['concurency=3'])).toThrow('There is no setting "concurency".');
  });

  test('a name without a value is refused', () => {
    expect(() => readAssignments(['concurrency'])).toThrow(UsageError);
  });

  test('the stage has an option of its own', () => {
    expect(() => readAssignments(['stage=x'])).toThrow(UsageError);
  });

  test('short options are settings, and win', () => {
    const given = givenBy({ concurrency: 4, workMs: 0, context: ['concurrency=2', 'maxAttempts=3'] });
    expect(given).toEqual({ concurrency: '4', workMs: '0', maxAttempts: '3' });
  });
});
