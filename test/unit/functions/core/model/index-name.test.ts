import { expect, test } from 'vitest';
import { indexAt } from '../../../../../functions/core/model/index-name.ts';

test('the index is always the same, or the one of the UTC month with an alias', () => {
  const december = Date.UTC(2026, 11, 1);
  expect(indexAt({ index: 'results', monthly: false }, december)).toEqual({ name: 'results' });
  for (const [at, name] of [
    [december - 1, 'results-2026.11'],
    [december, 'results-2026.12'],
    [Date.UTC(2027, 0, 31, 23, 59), 'results-2027.01'],
  ] as const)
    expect(indexAt({ index: 'results', monthly: true }, at)).toEqual({ name, alias: 'results' });
});
