import { expect, test } from 'vitest';
import type { ColdRow } from '../../../bench/cold.ts';
import { reach } from '../../../bench/reach.ts';
import { record } from './samples.ts';

const consumer = (bytes: number, ms: number): ColdRow => ({
  benchmark: 'cold',
  settings: { function: 'consumer' },
  bytes,
  zippedBytes: bytes / 3,
  loadMs: { median: ms, min: ms, max: ms },
});

test('says of each goal that was measured whether it is reached, and what stands in the way if not', () => {
  const text = reach([record('cold', [consumer(700_000, 50)])]);
  expect(text).toContain('| the consumer’s bundle | 1000 kB | 500 kB | 700 kB | at least |');
  expect(text).toContain('| the consumer’s time to load | 100.0 ms | 60.0 ms | 50.0 ms | reached |');
  expect(text).toMatch(/- the consumer’s bundle: .+/);
  expect(text).not.toContain('- the consumer’s time to load: ');
});

test('does not hide what is missed', () => {
  expect(reach([record('cold', [consumer(1_000_001, 101)])])).toContain('| 101.0 ms | **not reached** |');
});

test('says nothing of what was not measured', () => {
  expect(reach([record('speed', [])])).toBe('');
});
