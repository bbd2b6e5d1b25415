import { count, percent } from '../../cli/figures.ts';
import { elapsed } from '../../cli/times.ts';
import type { Section } from '../benchmark.ts';
import type { ScaleOutRow } from './benchmark.ts';
import type { Limit } from './simulation.ts';

/** What sets the pace, and what moves it. */
const LIMITS: Record<Limit, { name: string; movedBy: string }> = {
  workers: { name: 'the workers', movedBy: '`concurrency`, `jobConcurrency`' },
  ramp: { name: 'Lambda’s ramp', movedBy: '`minimumPollers`' },
  scheduler: { name: 'the scheduler’s sending', movedBy: '`jobsPerMessage`' },
  elasticsearch: { name: 'Elasticsearch', movedBy: 'nodes, and `indexShards` as many' },
  counters: { name: 'the partition with the counters', movedBy: '`jobsPerMessage`, `batchSize`' },
  messages: { name: 'the table’s partitions', movedBy: '`jobsPerMessage`; or the table’s warm throughput' },
};

/** What people see of it. */
export function section(rows: readonly ScaleOutRow[]): Section {
  const works = [...new Set(rows.map(({ workMs }) => workMs))];
  return {
    tables: works.map((workMs) => tableOf(rows.filter((row) => row.workMs === workMs))),
    charts: works.map((workMs) => chartOf(rows.filter((row) => row.workMs === workMs))),
    remarks: [...new Set(rows.map(({ limit }) => limit))]
      .map((limit) => `- ${LIMITS[limit].name}: moved by ${LIMITS[limit].movedBy}`)
      .join('\n'),
  };
}

function tableOf(rows: readonly ScaleOutRow[]) {
  const [{ workMs, settings }] = rows as [ScaleOutRow];
  return {
    title: `${count(settings.jobs)} jobs at once, ${workOf(workMs)}`,
    heads: [
      '',
      'workers',
      'came',
      'done after',
      'jobs/min',
      'set by',
      'at work',
      'for Elasticsearch',
      'for the ledger',
    ],
    aligns: ['left', 'right', 'right', 'right', 'right', 'left', 'right', 'right', 'right'] as (
      | 'left'
      | 'right'
    )[],
    rows: rows.map(({ variation, workers, took, seconds, jobsPerMinute, limit, share }) => [
      variation,
      count(workers),
      count(took),
      elapsed(seconds * 1_000),
      count(jobsPerMinute),
      LIMITS[limit].name,
      ...[share.work, share.elasticsearch, share.ledger].map(percent),
    ]),
  };
}

function chartOf(rows: readonly ScaleOutRow[]) {
  const [{ workMs }] = rows as [ScaleOutRow];
  const workers = [...new Set(rows.map((row) => row.workers))];
  const variations = [...new Set(rows.map(({ variation }) => variation))];
  return {
    name: `scale-out-${workMs}`,
    title: `Jobs a minute by workers, ${workOf(workMs)}`,
    kind: 'lines' as const,
    x: { title: 'workers', values: workers.map(count) },
    y: { title: 'jobs/min', logarithmic: true },
    series: variations.map((name) => ({
      name,
      values: workers.map(
        (each) => rows.find((row) => row.variation === name && row.workers === each)?.jobsPerMinute ?? null,
      ),
    })),
  };
}

function workOf(workMs: number): string {
  return workMs === 0 ? 'of no work' : `of ${workMs} ms`;
}
