import { describe, expect, test } from 'vitest';
import { newRunId, newWorkerId, RUN_ID } from '../../../../../functions/core/model/ids.ts';
import { NOW } from '../../../../fixtures/ledger.ts';

describe('a run id', () => {
  test('has the UTC second in which the run started', () => {
    expect(newRunId(NOW)).toMatch(/^20261123-214512-[a-z0-9]{4}$/);
    expect(newRunId(0)).toMatch(/^19700101-000000-[a-z0-9]{4}$/);
    // Milliseconds are not rounded up.
    expect(newRunId(NOW + 999)).toMatch(/^20261123-214512-/);
  });

  test('is valid in messages and requests, and sorts by time', () => {
    const ids = Array.from({ length: 1_000 }, (_, at) => newRunId(NOW + at * 86_399_999));
    for (const id of ids) expect(id).toMatch(RUN_ID);
    expect([...ids].sort()).toEqual(ids);
    const others = ['', 'latest', '20261123-214512-k3f', '20261123-214512-K3F9', 'x20261123-214512-k3f9'];
    for (const other of [...others, '20261123-214512-k3f9\n']) expect(other).not.toMatch(RUN_ID);
  });

  test('differs for runs of the same second', () => {
    // 32⁴ ids: that 5 are all the same has a chance of 1 in 10²⁴.
    expect(new Set(Array.from({ length: 5 }, () => newRunId(NOW))).size).toBeGreaterThan(1);
  });
});

test('worker ids are unique, and use each of 32 letters about as often', () => {
  const ids = Array.from({ length: 5_000 }, newWorkerId);
  expect(new Set(ids).size).toBe(ids.length);
  const counts = new Map<string, number>();
  for (const id of ids) {
    expect(id).toMatch(/^worker-[a-z0-9]{8}$/);
    for (const letter of id.slice(7)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  expect(counts.size).toBe(32);
  // 1,250 are expected of each, with a standard deviation of 35.
  for (const count of counts.values()) expect(Math.abs(count - 1_250)).toBeLessThan(280);
});
