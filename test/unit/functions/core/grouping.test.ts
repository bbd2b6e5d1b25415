import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunk } from '../../../../functions/core/grouping.ts';

const identity = (bytes: number) => bytes;

test.each([
  ['nothing', [], []],
  ['three entries a request', [1, 1, 1, 1], [[1, 1, 1], [1]]],
  ['ten bytes a request', [5, 5, 1, 9, 1], [[5, 5], [1, 9], [1]]],
  ['one that is larger than the limit', [1, 11, 1], [[1], [11], [1]]],
])('splits %s', (_what, sizes, chunks) => {
  expect(chunk(sizes, { count: 3, bytes: 10 }, identity)).toEqual(chunks);
});

test('keeps all entries in their order, and makes no request that the next entry would fit in', () => {
  const limits = fc.record({ count: fc.integer({ min: 1, max: 5 }), bytes: fc.integer({ min: 1, max: 50 }) });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 })), limits, (sizes, limit) => {
      const chunks = chunk(sizes, limit, identity);
      expect(chunks.flat()).toEqual(sizes);
      const fits = (entries: number[]) =>
        entries.length <= limit.count && entries.reduce((sum, size) => sum + size, 0) <= limit.bytes;
      for (const [at, entries] of chunks.entries()) {
        expect(entries.length === 1 || fits(entries)).toBe(true);
        const next = chunks[at + 1]?.[0];
        if (next !== undefined) expect(fits([...entries, next])).toBe(false);
      }
    }),
  );
});
