import { expect, test } from 'vitest';
import {
  BusyTime,
  jobsPerMinute,
  lastCountAt,
  pendingOf,
  percentShares,
  RateMeter,
  sharesOf,
} from '../../../cli/runs/statistics.ts';
import { sampleStatus } from './fixtures.ts';

test('shares are of all processed jobs, including those of retired workers, the largest first', () => {
  expect(sharesOf(sampleStatus())).toEqual([
    { id: 'worker-bbbbbbbb', processed: 900, share: 0.6 },
    { id: 'worker-aaaaaaaa', processed: 600, share: 0.4 },
  ]);
  const retiredWorkers = { count: 3, processed: 1_500 };
  expect(sharesOf(sampleStatus({ retiredWorkers })).map(({ share }) => share)).toEqual([0.3, 0.2]);
  const workers = [{ id: 'worker-a', processed: 0, failed: 4, lastSeenAt: '2026-11-23T21:46:20.000Z' }];
  expect(sharesOf(sampleStatus({ workers }))).toEqual([{ id: 'worker-a', processed: 0, share: 0 }]);
  expect(sharesOf(sampleStatus({ workers: [] }))).toEqual([]);
  expect(percentShares(sampleStatus())).toBe('shared 60 / 40 %');
  expect(percentShares(sampleStatus({ workers: [] }))).toBe('');
});

test('the last count, pending jobs and jobs per minute', () => {
  expect(lastCountAt(sampleStatus())).toBe(Date.parse('2026-11-23T21:46:21.000Z'));
  expect(lastCountAt({ workers: [] })).toBeUndefined();
  expect(pendingOf(sampleStatus())).toBe(490);
  expect([jobsPerMinute(100, 6_000), jobsPerMinute(5, 0)]).toEqual([1_000, null]);
});

test('the rate is over the last ten seconds', () => {
  const meter = new RateMeter();
  expect(meter.sample(0, 0)).toBeNull();
  expect(meter.sample(10, 1_000)).toBe(600);
  for (let second = 2; second <= 20; second++) meter.sample(10, second * 1_000);
  expect(meter.sample(20, 21_000)).toBe(60);
});

test('a counter that decreases belongs to another run', () => {
  const meter = new RateMeter();
  meter.sample(1_000, 0);
  expect(meter.sample(5, 1_000)).toBeNull();
  expect(meter.sample(6, 2_000)).toBe(60);
});

test('busy time is from the start of each tick to its last count; the first tick starts with the run', () => {
  const busy = new BusyTime();
  const worker = (lastSeenAt: string) => [{ id: 'a', processed: 1, failed: 0, lastSeenAt }];
  const startedAt = '2026-11-23T21:45:00.000Z';
  busy.sample({ tick: 0, startedAt, lastTickAt: null, workers: [] });
  expect(busy.ms).toBe(0);
  const first = { tick: 1, startedAt, lastTickAt: '2026-11-23T21:45:01.000Z' };
  busy.sample({ ...first, workers: worker('2026-11-23T21:45:04.000Z') });
  busy.sample({ ...first, workers: worker('2026-11-23T21:45:07.000Z') });
  expect(busy.ms).toBe(7_000);
  const second = { tick: 2, startedAt, lastTickAt: '2026-11-23T21:46:01.000Z' };
  // Nothing of the second tick is counted yet.
  busy.sample({ ...second, workers: worker('2026-11-23T21:45:07.000Z') });
  expect(busy.ms).toBe(7_000);
  busy.sample({ ...second, workers: worker('2026-11-23T21:46:06.000Z') });
  expect(busy.ms).toBe(12_000);
});
