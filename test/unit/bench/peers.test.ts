import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { type Options, peers } from '../../../bench/benchmarks/peers.ts';
import type { SystemName, ThroughputRow } from '../../../bench/harness/throughput.ts';

function row(system: SystemName, workers: number, median: number, workMs = 0, ratio = 1): ThroughputRow {
  return {
    benchmark: 'peers',
    system,
    workers,
    workMs,
    settings: system === 'drumline' ? { jobsPerMessage: 50 } : {},
    jobs: 1_000,
    jobsPerMinute: { median, min: median - 1_000, max: median + 1_000 },
    shareRatio: { median: ratio, min: ratio, max: ratio },
  };
}

const ROWS = [
  row('drumline', 2, 400_000),
  row('rabbitmq', 2, 40_000),
  row('bullmq', 2, 50_000),
  row('drumline', 4, 500_000, 0, 1.04),
  row('rabbitmq', 4, 30_000, 0, 7),
  row('drumline', 2, 11_800, 100),
  row('bullmq', 2, 11_238, 100),
];

test('the section compares no-op and waiting jobs, explains the difference and names what is missing', () => {
  const section = peers.section(ROWS);
  const tables = section.filter((part) => typeof part !== 'string');
  const text = section.filter((part) => typeof part === 'string').join('\n');
  expect(tables[0]?.rows).toEqual([
    ['Drumline', '400,000', '', '11,800', ''],
    ['the old RabbitMQ/Redis system', '40,000', '10.0×', '–', ''],
    ['BullMQ', '50,000', '8.00×', '11,238', '1.05×'],
  ]);
  expect(text).toContain('Drumline’s gain over BullMQ is then 5.0 %, not 8.00×.');
  expect(text).toContain(
    '4 workers share the jobs evenly: the largest share is 1.04 times (no-op jobs) the smallest.',
  );
  expect(text).toContain('Not measured: a Powertools handler (*powertools*).');
  expect(tables.slice(1).map(({ title }) => title)).toEqual([
    'Jobs per minute, no-op jobs',
    'Jobs per minute, jobs of 100 ms',
  ]);
  expect(tables[1]?.heads).toEqual(['system', '2 workers', '4 workers']);
  expect(tables[1]?.rows[2]).toEqual(['bullmq', '50,000 (49,000–51,000)', '–']);
});

describe('which systems are measured', () => {
  const read = (...words: string[]) => {
    const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    peers.register?.(command);
    return command.parse(words, { from: 'user' }).opts<Options>();
  };

  test('all of them, unless some are named; in the usual order', () => {
    expect(read().systems).toEqual(['drumline', 'rabbitmq', 'bullmq', 'powertools']);
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
