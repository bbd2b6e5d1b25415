import { expect, test } from 'vitest';
import { mappingOf, storedValue } from '../../../../../functions/core/results/mapping.ts';

const ANY_JSON = { type: 'flattened', ignore_above: 8_191, depth_limit: 100 } as const;

test('an index maps items and outputs as the job defines them', () => {
  for (const [job, mapping] of [
    [{ list: false }, { item: { type: 'long' }, output: ANY_JSON }],
    [
      { list: true, output: 'long' },
      { item: ANY_JSON, output: { type: 'long' } },
    ],
    [
      { list: false, output: 'flattened' },
      { item: { type: 'long' }, output: ANY_JSON },
    ],
    [
      {
        list: false,
        output: { score: 'float', tags: 'keyword', at: { type: 'date', format: 'epoch_second' } },
      },
      {
        item: { type: 'long' },
        output: {
          type: 'object',
          dynamic: false,
          properties: {
            score: { type: 'float' },
            tags: { type: 'keyword', ignore_above: 8_191 },
            at: { type: 'date', format: 'epoch_second' },
          },
        },
      },
    ],
  ] as const)
    expect(mappingOf(job)).toEqual(mapping);
});

const objects = (count: number): object => (count === 1 ? {} : { a: objects(count - 1) });
const arrays = (count: number): object => (count === 1 ? [] : [arrays(count - 1)]);
class Written {
  constructor(readonly toJSON: () => unknown) {}
}

test('any JSON is stored: objects as they are, everything else in an object', () => {
  for (const value of [null, true, 1.5, 'text', [], [1, { a: 1 }], arrays(989)])
    expect(storedValue('output', ANY_JSON, value)).toEqual({ value: { value } });
  for (const value of [{}, { a: { b: [1] } }, objects(100), { ['k'.repeat(8_191)]: 1 }, { 'ä.b': 1 }])
    expect(storedValue('output', ANY_JSON, value)).toEqual({ value });
  // As JSON.stringify writes it.
  const date = new Date(0);
  expect(storedValue('output', ANY_JSON, date)).toEqual({ value: { value: date.toISOString() } });
  expect(storedValue('output', ANY_JSON, new Written(() => [1]))).toEqual({ value: { value: [1] } });
  expect(storedValue('output', { type: 'long' }, [1])).toEqual({ value: [1] });
});

test('what Elasticsearch would refuse is a problem that says why', () => {
  for (const [value, problem] of [
    [objects(101), /^its output cannot be stored: more than 100 objects within each other$/],
    [[objects(100)], /more than 100 objects/],
    [arrays(990), /more than 990 objects and arrays/],
    [arrays(5_000), /cannot be stored|cannot be written/],
    [{ 'a\0b': 1 }, /keys contains the character U\+0000/],
    [{ ['k'.repeat(8_192)]: 1 }, /keys .* more than 8192 bytes/],
    [new Written(() => undefined), /cannot be written as JSON/],
    [{ a: [{ ['€'.repeat(2_730)]: 1 }] }, /more than 8192 bytes/],
  ] as const)
    expect(storedValue('output', ANY_JSON, value)).toEqual({ problem: expect.stringMatching(problem) });
  // Elasticsearch judges values of other types itself.
  expect(storedValue('output', { type: 'object' }, objects(101))).toHaveProperty('value');
});
