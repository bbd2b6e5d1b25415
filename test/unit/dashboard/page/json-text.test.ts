import { expect, test } from 'vitest';
import { jsonText } from '../../../../dashboard/page/src/parts/json-text.ts';

test('a short value is shown at once', () => {
  expect(jsonText({ a: [1] })).toEqual({ text: '{\n  "a": [\n    1\n  ]\n}', lines: 5 });
  expect(jsonText(undefined)).toEqual({ text: '', lines: 1 });
});

test.each([
  ['many lines', Array.from({ length: 30 }, (_, at) => at), 32],
  ['a long line', 'x'.repeat(50_000), 1],
])('the beginning of %s is shown', (_, value, lines) => {
  const { text, beginning = '', ...rest } = jsonText(value);
  expect(rest).toEqual({ lines });
  expect(text.startsWith(beginning)).toBe(true);
  expect(beginning.split('\n').length).toBeLessThanOrEqual(12);
  expect(beginning.length).toBeLessThanOrEqual(2_000);
});
