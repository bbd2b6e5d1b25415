import { expect, test } from 'vitest';
import { figureOf, figureText, measureInTurn, quantile } from '../../../bench/harness/figures.ts';

test('a figure is the median, the least and the most, in whatever order the rounds came', () => {
  expect(figureOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 });
  expect(figureOf([4, 1, 2, 9])).toEqual({ median: 3, min: 1, max: 9 });
  expect(figureOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  expect(() => figureOf([])).toThrow(RangeError);
});

test('a quantile lies between its neighbours', () => {
  const sorted = Array.from({ length: 101 }, (_, at) => at);
  expect(quantile(sorted, 0.99)).toBe(99);
  expect(quantile([10, 20], 0.25)).toBe(12.5);
});

test('a figure shows its spread where it has one', () => {
  expect(figureText({ median: 41_000, min: 40_100, max: 42_000 })).toBe('41,000 (40,100–42,000)');
  expect(figureText({ median: 5, min: 5, max: 5 })).toBe('5');
  expect(figureText({ median: 1.234, min: 1, max: 2 }, (ms) => ms.toFixed(1))).toBe('1.2 (1.0–2.0)');
});

test('cases are measured in turn, not one after the other', async () => {
  const order: string[] = [];
  const values = await measureInTurn(['A', 'B'], 2, async (one, round) => {
    order.push(`${one}${round}`);
    return round;
  });
  expect(order).toEqual(['A1', 'B1', 'A2', 'B2']);
  expect(values.get('A')).toEqual([1, 2]);
});
