import { count, elapsed, percent } from '../../text/format.ts';
import type { Section } from '../benchmark.ts';
import type { ScaleOutRow } from './benchmark.ts';
import type { Limit } from './simulation.ts';

/** What sets the pace, and what moves it. */
const LIMITS: Record<Limit, { name: string; movedBy: string }> = {
  workers: { name: 'the workers', movedBy: '`concurrency`, `jobConcurrency`' },
  ramp: { name: 'Lambda’s ramp', movedBy: '`minimumPollers`' },
  scheduler: { name: 'the scheduler’s sending', movedBy: '`jobsPerMessage`' },
  elasticsearch: { name: 'Elasticsearch', movedBy: 'nodes, and `indexShards` as many' },
  counters: { name: 'the partitions with the counters', movedBy: '`jobsPerMessage`, `batchSize`' },
  messages: { name: 'the table’s partitions', movedBy: '`jobsPerMessage`; or the table’s warm throughput' },
};

/** What people see of it. */
export function section(rows: readonly ScaleOutRow[]): Section {
  const works = [...new Set(rows.map(({ workMs }) => workMs))];
  return {
    tables: works.flatMap((workMs) => {
      const some = rows.filter((row) => row.workMs === workMs);
      return [overview(some), whereTimeGoes(some)];
    }),
    charts: works.map((workMs) => chartOf(rows.filter((row) => row.workMs === workMs))),
    remarks: [...new Set(rows.map(({ limit }) => limit))]
      .map((limit) => `- ${LIMITS[limit].name}: moved by ${LIMITS[limit].movedBy}`)
      .join('\n'),
  };
}

/** How long a tick takes, and what sets its pace, by what it is given and by workers. @param rows of the same work */
export function overview(rows: readonly ScaleOutRow[]) {
  const [{ workMs, settings }] = rows as [ScaleOutRow];
  const workers = [...new Set(rows.map((row) => row.workers))];
  const variations = [...new Set(rows.map(({ variation }) => variation))];
  return {
    title: `${count(settings.jobs)} jobs at once, ${workOf(workMs)}`,
    heads: ['', ...workers.map((each) => `${count(each)} workers`)],
    rows: variations.map((name) => [
      name,
      ...workers.map((each) => {
        const row = rows.find((row) => row.variation === name && row.workers === each);
        return row ? `${elapsed(row.seconds * 1_000)}: ${LIMITS[row.limit].name}` : '';
      }),
    ]),
  };
}

function whereTimeGoes(rows: readonly ScaleOutRow[]) {
  const [{ workMs }] = rows as [ScaleOutRow];
  return {
    title: `Where the workers’ time goes, jobs ${workOf(workMs)}`,
    heads: [
      '',
      'workers',
      'came',
      'jobs/min',
      'work',
      'Elasticsearch',
      'ledger',
      'between batches',
      'nothing to do',
    ],
    aligns: ['left' as const, ...Array.from({ length: 8 }, () => 'right' as const)],
    rows: rows.map(({ variation, workers, took, jobsPerMinute, share }) => [
      variation,
      ...[workers, took, jobsPerMinute].map(count),
      ...[share.work, share.elasticsearch, share.ledger, share.between, share.idle].map(percent),
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
