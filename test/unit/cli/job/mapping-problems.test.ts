import { expect, test } from 'vitest';
import { mappingProblems } from '../../../../cli/job/mapping-problems.ts';
import { mappingOf } from '../../../../functions/core/results/mapping.ts';

const FIELDS = {
  score: 'float',
  label: 'keyword',
  tags: 'keyword',
  ip: 'ip',
  small: 'byte',
  ok: 'boolean',
} as const;

test.each([
  ['long', 17, ''],
  ['long', '17', ''],
  ['long', null, ''],
  ['long', 'many', 'output is mapped as long, and "many" is not a number'],
  ['long', {}, 'output is mapped as long, and an object is no such value'],
  ['byte', 128, 'output is mapped as byte, and 128 is out of its range'],
  ['half_float', 70_000, 'output is mapped as half_float, and 70000 is out of its range'],
  ['boolean', 'yes', 'output is mapped as boolean, and "yes" is not a boolean'],
  ['ip', '10.0.0.300', 'output is mapped as ip, and "10.0.0.300" is not an IP address'],
  [FIELDS, { score: 0.5, label: 'a', tags: ['b', 'c'], ip: '::1', small: -128, ok: true, other: {} }, ''],
  [FIELDS, 17, 'output is mapped as object, and 17 is not an object'],
  [FIELDS, { tags: ['a', {}] }, 'output.tags is mapped as keyword, and an object is no such value'],
  [FIELDS, { score: true }, 'output.score is mapped as float, and true is not a number'],
  [undefined, { any: ['JSON', 1] }, ''],
] as const)('under the mapping %j, %j has the problem "%s"', (output, value, problem) => {
  const { output: mapping } = mappingOf({ list: true, output });
  expect(mappingProblems('output', value, mapping).join('; ')).toBe(problem);
});
