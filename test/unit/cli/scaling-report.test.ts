import { describe, expect, test } from 'vitest';
import { scalingMarkdown, scalingReport } from '../../../cli/runs/scaling-report.ts';
import { defaultJobs, type Measurement } from '../../../cli/runs/scaling-test.ts';

test('the default number of jobs follows from the largest number of workers', () => {
  expect([defaultJobs([1, 2]), defaultJobs([1, 2, 4, 8])]).toEqual([2_000, 6_400]);
});

describe('the report of a scaling test', () => {
  const measured = (
    workers: number,
    jobsPerMinute: number,
    more: Partial<Measurement> = {},
  ): Measurement => ({
    workers,
    jobs: 2_000,
    runId: '20261123-214512-k3f9',
    seconds: 20.04,
    jobsPerMinute,
    speedUp: jobsPerMinute / 5_000,
    shares: Array.from({ length: workers }, (_, at) => ({
      id: `worker-${at}`,
      processed: 2_000 / workers,
      share: 1 / workers,
    })),
    ...{ failed: 0, documents: 2_000, duplicates: 0, ok: true },
    ...more,
  });
  const settings = { workMs: 100, batchSize: 10, jobsPerMessage: 10, jobConcurrency: 10 };
  const date = new Date('2026-11-23T22:00:00Z');

  test('is a Markdown table with a row for each number of workers', () => {
    const shares = [
      { id: 'a', processed: 1_100, share: 0.55 },
      { id: 'b', processed: 900, share: 0.45 },
    ];
    const report = scalingReport(
      'local',
      settings,
      [measured(1, 5_000), measured(2, 9_900, { shares })],
      date,
    );
    const text = scalingMarkdown(report);
    expect(text).toContain('| 1 | 2,000 | 20.0 | 5,000 | 1.00× | 100.0 % | 0 | 2,000 | 0 | yes |');
    expect(text).toContain('| 2 | 2,000 | 20.0 | 9,900 | 1.98× | 45.0–55.0 % | 0 | 2,000 | 0 | yes |');
    expect(text).toContain('- Settings: workMs 100, batchSize 10, jobsPerMessage 10, jobConcurrency 10');
    expect(text).toContain('- 2: a 1,100, b 900');
    expect(text).toContain('2026-11-23 22:00 UTC');
  });

  test('is not ok if one of its runs is not', () => {
    expect(scalingReport('local', settings, [measured(1, 5_000)], date).ok).toBe(true);
    const rows = [measured(1, 5_000), measured(2, 9_000, { ok: false })];
    expect(scalingReport('local', settings, rows, date).ok).toBe(false);
  });
});
