import { describe, expect, test } from 'vitest';
import { indexAt } from '../../../../../functions/core/model/index-name.ts';

const TURN = Date.UTC(2026, 11, 1);

describe('indexAt', () => {
  test('is the one index, whenever', () => {
    expect(indexAt({ index: 'results', monthly: false }, TURN)).toEqual({ name: 'results' });
  });

  test.each([
    [TURN - 1, 'results-2026.11'],
    [TURN, 'results-2026.12'],
    [Date.UTC(2027, 0, 31, 23, 59), 'results-2027.01'],
  ])('is that of the month at %d, by UTC, behind the alias', (at, name) => {
    expect(indexAt({ index: 'results', monthly: true }, at)).toEqual({ name, alias: 'results' });
  });
});
