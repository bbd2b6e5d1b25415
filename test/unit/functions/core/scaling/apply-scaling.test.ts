import { expect, test } from 'vitest';
import { applyScaling } from '../../../../../functions/core/scaling/apply-scaling.ts';
import { FakeLimits, FakeTime } from './fake-limits.ts';

const MINUTE = 60_000;

function apply(limits: FakeLimits, workers: number): Promise<void> {
  const { time, reserved } = limits;
  return applyScaling(limits, reserved, workers, { ...time, clock: time.clock, deadline: time.now + MINUTE });
}

test('the mapping never asks for more workers than the function may run', async () => {
  for (const [reserved, mapping, workers, changes] of [
    [2, 2, 8, ['function 8', 'mapping 8']],
    [8, 8, 3, ['mapping 3', 'function 3']],
    // AWS does not accept a mapping with a maximum of one.
    [4, 4, 1, ['mapping 2', 'function 1']],
    [1, 2, 2, ['function 2']],
    [4, 4, 4, []],
    // No reservation is more than any number.
    [null, 50, 20, ['mapping 20', 'function 20']],
    // Earlier changes were interrupted: one up, and one down.
    [4, 2, 4, ['mapping 4']],
    [8, 3, 3, ['function 3']],
    [8, 3, 5, ['mapping 5', 'function 5']],
    // With provisioned pollers a mapping has no maximum.
    [4, undefined, 8, ['function 8']],
    [4, undefined, 1, ['function 1']],
  ] as const) {
    const limits = new FakeLimits(new FakeTime(), reserved, mapping);
    await apply(limits, workers);
    expect(limits.changes, `${reserved} → ${workers}`).toEqual(changes);
    expect(limits.isChanging).toBe(false);
  }
});

test('a change of the mapping is waited for before the next step, and before the next change', async () => {
  const limits = new FakeLimits(new FakeTime(), 8, 8);
  limits.changeMs = 20_000;
  await apply(limits, 3);
  // Otherwise “function 3 too early”: Lambda would throttle the mapping, which still asks for 8.
  expect(limits.changes).toEqual(['mapping 3', 'function 3']);
  await limits.limitMapping(2);
  await apply(limits, 5);
  expect(limits.changes).toEqual([
    'mapping 3',
    'function 3',
    'mapping 2',
    'function 5 too early',
    'mapping 5',
  ]);
});

test('a change that AWS does not complete in time is refused, and nothing is changed after it', async () => {
  const limits = new FakeLimits(new FakeTime(), 8, 8);
  limits.changeMs = 2 * MINUTE;
  await expect(apply(limits, 3)).rejects.toThrow('AWS is still changing the event source mapping.');
  expect(limits.changes).toEqual(['mapping 3']);
  // The next decision completes it.
  await apply(limits, 3);
  expect(limits.changes).toEqual(['mapping 3', 'function 3']);
});

test('a refused reservation leaves the mapping as it is', async () => {
  const limits = new FakeLimits(new FakeTime(), 2, 2);
  limits.refused = { change: 'function', reason: 'The account has no room.' };
  await expect(apply(limits, 900)).rejects.toThrow('The account has no room.');
  expect(limits.changes).toEqual([]);
});
