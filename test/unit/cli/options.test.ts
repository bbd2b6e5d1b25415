import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { readAssignments } from '../../../cli/cloud/settings.ts';
import { givenBy } from '../../../cli/commands/deploy.ts';
import { UsageError } from '../../../cli/terminal/errors.ts';
import {
  duration,
  elasticsearchUrl,
  int,
  intList,
  runId,
  scalingRule,
  stage,
} from '../../../cli/terminal/options.ts';

test('integers within a range', () => {
  const parse = int(1, 1_000);
  for (const text of ['1', '5', '1000']) expect(parse(text)).toBe(Number(text));
  for (const text of ['0', '1001', '', ' ', '1.5', '-1', '1e2', '0x10', 'many', '1_000', '9'.repeat(20)])
    expect(() => parse(text), text).toThrow(InvalidArgumentError);
});

test('a list of integers keeps its order and drops duplicates', () => {
  expect(intList(1, 8)('4,1, 2,4')).toEqual([4, 1, 2]);
  for (const text of ['', '1,', '1;2', '0,1', '9']) expect(() => intList(1, 8)(text)).toThrow();
});

test('the rule for the number of workers', () => {
  expect(scalingRule('4')).toEqual({ min: 4, max: 4 });
  expect(scalingRule(' 1:20 ')).toEqual({ min: 1, max: 20 });
  for (const [text, message] of [
    ['20:1', 'It has a minimum above its maximum; did you mean 1:20?'],
    ['0', 'It must be from 1 to 1,000 workers.'],
    ['1:5000', 'It must be from 1 to 1,000 workers.'],
    ['many', 'It must be a number of workers such as 4, or a minimum and a maximum such as 1:20.'],
    ['1:', 'It must be a number of workers such as 4, or a minimum and a maximum such as 1:20.'],
  ] as const)
    expect(() => scalingRule(text), text).toThrow(message);
});

test('durations', () => {
  const ms = { '30s': 30_000, '5m': 300_000, '2h': 7_200_000, '1d': 86_400_000, ' 1d ': 86_400_000 };
  for (const [text, expected] of Object.entries(ms)) expect(duration(text)).toBe(expected);
  for (const text of ['', '5', 'm', '5 m', '-5m', '1.5h', '5M', '5min', '1e3s', '99999999999s', '0s'])
    expect(() => duration(text), text).toThrow(/such as 30s/);
});

test('names of runs and stages', () => {
  expect(runId('20261123-214512-k3f9')).toBe('20261123-214512-k3f9');
  expect(() => runId('latest')).toThrow();
  expect(stage('test-2')).toBe('test-2');
  for (const text of ['', 'Test', '2nd', 'a'.repeat(21), 'a b']) expect(() => stage(text)).toThrow();
});

test('an Elasticsearch URL loses its final slash, and an invalid one is not repeated', () => {
  expect(elasticsearchUrl('https://es.example.com/')).toBe('https://es.example.com');
  expect(() => elasticsearchUrl('user:secret@host')).toThrow(/^(?!.*secret)/);
  expect(() => elasticsearchUrl('ftp://host')).toThrow();
});

test('settings on the command line', () => {
  expect(readAssignments(['index=a=b', 'elasticsearchApiKeySecret='])).toEqual({
    index: 'a=b',
    elasticsearchApiKeySecret: '',
  });
  expect(() => readAssignments(['concurency=3'])).toThrow('There is no setting "concurency".');
  // An unknown name, a missing value, and the stage, which has its own option.
  for (const text of ['concurency=3', 'concurrency', 'stage=x'])
    expect(() => readAssignments([text]), text).toThrow(UsageError);
});

test('an option overrides the same setting in -c', () => {
  const given = givenBy({ concurrency: 4, workMs: 0, context: ['concurrency=2', 'maxAttempts=3'] });
  expect(given).toEqual({ concurrency: '4', workMs: '0', maxAttempts: '3' });
});
