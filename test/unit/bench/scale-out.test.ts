import { describe, expect, test } from 'vitest';
import { seeded } from '../../../bench/scale-out/chance.ts';
import { Server } from '../../../bench/scale-out/server.ts';
import { type Scenario, simulate } from '../../../bench/scale-out/simulation.ts';
import { VirtualClock } from '../../../bench/scale-out/virtual-clock.ts';
import { drainOf } from '../../../plan/drain.ts';
import type { Sizing } from '../../../plan/packing.ts';
import { sizing } from '../plan/fixtures.ts';

function scenario(some: Partial<Sizing> = {}, more: Partial<Scenario> = {}): Scenario {
  return { x: 20_000, workMs: 100, sizing: sizing(some), partitions: 4, nodes: 1, seed: 1, ...more };
}

test('the same seed is the same tick, and another one is another', () => {
  expect(simulate(scenario())).toEqual(simulate(scenario()));
  expect(simulate(scenario({}, { seed: 2 })).ms).not.toBe(simulate(scenario()).ms);
});

test('chance is even, and never one', () => {
  const chance = seeded(7);
  const drawn = Array.from({ length: 10_000 }, chance);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  expect(drawn.reduce((sum, each) => sum + each, 0) / drawn.length).toBeCloseTo(0.5, 1);
});

test('what is due happens in its order, and what comes to a busy server waits', () => {
  const clock = new VirtualClock();
  const server = new Server();
  const done: [string, number][] = [];
  clock.at(10, (now) => done.push(['late', server.serve(now, 5)]));
  clock.at(0, (now) => done.push(['first', server.serve(now, 12)]));
  clock.at(10, (now) => done.push(['later', server.serve(now, 1)]));
  expect(clock.run()).toBe(10);
  expect(done).toEqual([
    ['first', 12],
    ['late', 17],
    ['later', 18],
  ]);
  expect(server.busyMs).toBe(18);
});

describe('a tick', () => {
  test.each([
    { x: 20_000, jobsPerMessage: 10 },
    { x: 20_001, jobsPerMessage: 10 },
    { x: 9, jobsPerMessage: 10 },
    { x: 1_234, jobsPerMessage: 7 },
  ])('of $x jobs, $jobsPerMessage a message, is done to the last job', ({ x, jobsPerMessage }) => {
    expect(simulate(scenario({ jobsPerMessage }, { x })).jobs).toBe(x);
  });

  test.each([1, 2, 5])('takes %d workers as long as the plan says', (concurrency) => {
    const { ms, workers, limit } = simulate(scenario({ concurrency }));
    const planned = drainOf(20_000, sizing({ concurrency }), 100).ms;
    expect(ms / planned).toBeGreaterThan(0.9);
    expect(ms / planned).toBeLessThan(1.1);
    expect({ workers, limit }).toEqual({ workers: concurrency, limit: 'workers' });
  });
});

describe('the pace is set', () => {
  test('by Lambda’s ramp where a mapping has to grow, and not with pollers', () => {
    const slow = simulate(scenario({ concurrency: 300 }, { x: 100_000 }));
    expect(slow.limit).toBe('ramp');
    expect(slow.workers).toBeLessThan(300);
    const fast = simulate(scenario({ concurrency: 300, minimumPollers: 30 }, { x: 100_000 }));
    expect(fast.limit).not.toBe('ramp');
    expect(fast.ms).toBeLessThan(slow.ms);
  });

  test('by the counters where batches are small, and jobs a message move it', () => {
    const many = { concurrency: 1_000, minimumPollers: 100, batchSize: 1 };
    const jobs = { x: 200_000, workMs: 0, partitions: 400 };
    const small = simulate(scenario({ ...many, jobsPerMessage: 1 }, jobs));
    expect(small.limit).toBe('counters');
    // Two write units a batch, of a thousand a second in each of sixteen partitions.
    expect(jobs.x / (small.ms / 1_000)).toBeLessThanOrEqual(8_000);
    const packed = simulate(scenario({ ...many, jobsPerMessage: 10 }, jobs));
    expect(packed.ms).toBeLessThan(small.ms / 4);
  });

  test('by the table’s partitions where it is new, and a warmer one moves it', () => {
    const many = { concurrency: 1_000, minimumPollers: 100 };
    const cold = simulate(scenario(many, { x: 200_000, workMs: 0 }));
    expect(cold.limit).toBe('messages');
    const warm = simulate(scenario(many, { x: 200_000, workMs: 0, partitions: 40 }));
    expect(warm.ms).toBeLessThan(cold.ms / 3);
  });

  test('by Elasticsearch where jobs are packed, and nodes move it', () => {
    const many = { concurrency: 200, minimumPollers: 20, jobsPerMessage: 100 };
    const one = simulate(scenario(many, { x: 1_000_000, workMs: 0 }));
    expect(one.limit).toBe('elasticsearch');
    const four = simulate(scenario(many, { x: 1_000_000, workMs: 0, nodes: 4 }));
    expect(four.ms).toBeLessThan(one.ms / 2);
  });
});
