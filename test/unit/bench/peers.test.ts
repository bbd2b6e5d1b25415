import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { System } from '../../../bench/benchmark.ts';
import { type Options, type PeerRow, peers } from '../../../bench/peers/benchmark.ts';
import { remarksOf, section } from '../../../bench/peers/section.ts';

function row(system: System, workers: number, median: number, workMs = 0, unevenness = 1): PeerRow {
  return {
    benchmark: 'peers',
    system,
    workers,
    workMs,
    settings: system === 'drumline' ? { jobsPerMessage: 25 } : {},
    jobsPerMinute: { median, min: median - 1_000, max: median + 1_000 },
    unevenness: { median: unevenness, min: unevenness, max: unevenness },
  };
}

const ROWS = [
  row('drumline', 2, 400_000),
  row('seed', 2, 40_000),
  row('bullmq', 2, 50_000),
  row('drumline', 4, 500_000, 0, 1.04),
  row('seed', 4, 30_000, 0, 7),
];

describe('what the comparison says', () => {
  test('ours against each peer, with two workers', () => {
    expect(remarksOf(ROWS)).toContain(
      '- No-op jobs, 2 workers, drumline, 25 jobs a message: 10.0× the old system rebuilt, 8.00× BullMQ.',
    );
  });

  test('how evenly four of our workers share', () => {
    expect(remarksOf(ROWS)).toContain('the largest share is 1.04 times the smallest');
    expect(remarksOf(ROWS)).not.toContain('7.00');
  });

  test('a peer that was not there is named, and has no figures', () => {
    expect(remarksOf(ROWS)).toContain('- Not measured: the Powertools way (*powertools*).');
    expect(section(ROWS).tables[0]?.rows.map(([name]) => name)).toEqual([
      'drumline, 25 jobs a message',
      'seed',
      'bullmq',
    ]);
  });

  test('a table and a chart for each kind of job, a column for each number of workers', () => {
    const { tables, charts } = section([...ROWS, row('drumline', 2, 11_800, 100)]);
    expect(tables.map(({ title }) => title)).toEqual([
      'Jobs a minute, no-op jobs',
      'Jobs a minute, jobs that wait 100 ms',
    ]);
    expect(tables[0]?.heads).toEqual(['system', '2 workers', '4 workers']);
    expect(tables[0]?.rows[2]).toEqual(['bullmq', '50,000 (49,000–51,000)', '–']);
    expect(charts.map(({ name }) => name)).toEqual(['peers-0ms', 'peers-100ms']);
  });
});

describe('which systems are measured', () => {
  const read = (...words: string[]) => {
    const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    peers.register?.(command);
    return command.parse(words, { from: 'user' }).opts<Options>();
  };

  test('all of them, unless some are named; in the usual order', () => {
    expect(read().systems).toEqual(['drumline', 'seed', 'bullmq', 'powertools']);
    expect(read('--systems', 'bullmq, drumline').systems).toEqual(['drumline', 'bullmq']);
  });

  test('none that there is not', () => {
    expect(() => read('--systems', 'drumline,celery')).toThrow(/"celery"/);
  });

  test('as many jobs as take some seconds, unless they are given', () => {
    expect(read()).toMatchObject({ seconds: 10, workers: [1, 2, 4], workMs: [0, 100] });
    expect(read().jobs).toBeUndefined();
    expect(read('--jobs', '500').jobs).toBe(500);
  });
});
