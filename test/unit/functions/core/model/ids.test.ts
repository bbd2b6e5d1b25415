import { describe, expect, test } from 'vitest';
import { newRunId, newWorkerId, RUN_ID } from '../../../../../functions/core/model/ids.ts';
import { NOW } from '../../samples.ts';

describe('newRunId', () => {
  test('names a run by the UTC second it started in', () => {
    expect(newRunId(NOW)).toMatch(/^20261123-214512-[a-z0-9]{4}$/);
    expect(newRunId(0)).toMatch(/^19700101-000000-[a-z0-9]{4}$/);
    // The milliseconds don't round up to the next second.
    expect(newRunId(NOW + 999)).toMatch(/^20261123-214512-/);
  });

  test('makes names that messages and requests accept', () => {
    for (let i = 0; i < 1_000; i++) expect(newRunId(NOW + i * 86_399_999)).toMatch(RUN_ID);
  });

  test('makes names that sort by the time the runs started', () => {
    const names = Array.from({ length: 200 }, (_, i) => newRunId(NOW + i * 7_777_000));
    expect([...names].sort()).toEqual(names);
  });

  test('tells runs of the same second apart', () => {
    // 32⁴ names: that 5 are all the same is a chance of 1 in 10²⁴.
    expect(new Set(Array.from({ length: 5 }, () => newRunId(NOW))).size).toBeGreaterThan(1);
  });
});

describe('newWorkerId', () => {
  test('never gives two workers the same name', () => {
    const names = Array.from({ length: 5_000 }, newWorkerId);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^worker-[a-z0-9]{8}$/);
  });

  test('uses each of its 32 letters about as often', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 4_000; i++)
      for (const letter of newWorkerId().slice(7)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect(counts.size).toBe(32);
    // 1,000 expected of each, with a standard deviation of 31.
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(250);
  });
});

describe('RUN_ID', () => {
  test.each([
    '',
    'latest',
    '20261123-214512-k3f',
    '20261123-214512-K3F9',
    '20261123-214512-k3f9\n',
    'x20261123-214512-k3f9',
  ])('is not %j', (name) => {
    expect(name).not.toMatch(RUN_ID);
  });
});
