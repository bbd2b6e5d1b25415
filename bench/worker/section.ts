import { count } from '../../text/format.ts';
import type { Section } from '../benchmark.ts';
import { figureText } from '../figure.ts';
import type { BatchRow, MemoryRow, WorkerRow } from './benchmark.ts';

/** What people see of it. */
export function section(rows: readonly WorkerRow[]): Section {
  const batches = rows.filter((row) => row.kind === 'batch');
  const memory = rows.filter((row) => row.kind === 'memory');
  return {
    tables: [...(batches.length > 0 ? [batchTable(batches)] : []), ...memory.map(memoryTable)],
    charts: [...(batches.length > 0 ? [partsChart(batches)] : []), ...memory.map(memoryChart)],
    remarks: memory.map(flatness).join('\n\n'),
  };
}

function batchTable(rows: readonly BatchRow[]) {
  return {
    title: 'Time of a batch',
    heads: [
      'messages',
      'jobs a message',
      'work',
      'jobs/s',
      'ms a batch',
      ...['work ms', 'bulk ms', 'ledger ms', 'own ms'],
    ],
    aligns: Array.from({ length: 9 }, () => 'right' as const),
    rows: rows.map(({ settings, workMs, jobsPerSecond, batchMs, partsMs }) => [
      count(settings.batchSize),
      count(settings.jobsPerMessage),
      workMs === 0 ? 'none' : `${workMs} ms`,
      figureText(jobsPerSecond),
      figureText(batchMs, oneDigit),
      ...[partsMs.work, partsMs.bulk, partsMs.ledger, partsMs.own].map(oneDigit),
    ]),
  };
}

function partsChart(rows: readonly BatchRow[]) {
  const names = ['work', 'bulk', 'ledger', 'own'] as const;
  return {
    name: 'worker-parts',
    title: 'What a batch’s time goes into',
    kind: 'bars' as const,
    x: {
      title: 'messages × jobs a message',
      values: rows.map(({ settings }) => `${settings.batchSize}×${settings.jobsPerMessage}`),
    },
    y: { title: 'microseconds a job', logarithmic: true },
    series: names.map((name) => ({
      name,
      values: rows.map(({ settings, partsMs }) =>
        Math.max(0.1, (partsMs[name] * 1_000) / settings.batchSize / settings.jobsPerMessage),
      ),
    })),
  };
}

function memoryTable({ settings, samples }: MemoryRow) {
  return {
    title: `Memory through ${count(settings.jobs)} jobs, ${settings.batchSize} messages of ${settings.jobsPerMessage} jobs a batch`,
    heads: ['jobs done', 'process (RSS)', 'heap in use'],
    aligns: ['right', 'right', 'right'] as ('left' | 'right')[],
    rows: samples.map(({ jobs, rssMb, heapMb }) => [
      count(jobs),
      `${rssMb.toFixed(0)} MB`,
      `${heapMb.toFixed(1)} MB`,
    ]),
  };
}

function memoryChart({ samples }: MemoryRow) {
  return {
    name: 'worker-memory',
    title: 'A worker’s memory',
    kind: 'lines' as const,
    x: { title: 'jobs done', values: samples.map(({ jobs }) => count(jobs)) },
    y: { title: 'MB' },
    series: [
      { name: 'process (RSS)', values: samples.map(({ rssMb }) => rssMb) },
      { name: 'heap in use', values: samples.map(({ heapMb }) => heapMb) },
    ],
  };
}

/** Whether the heap grows, told by its two halves. */
function flatness({ samples }: MemoryRow): string {
  const middle = Math.ceil(samples.length / 2);
  const mean = (some: typeof samples) => some.reduce((sum, { heapMb }) => sum + heapMb, 0) / some.length;
  const [first, second] = [mean(samples.slice(0, middle)), mean(samples.slice(middle))];
  const largest = Math.max(...samples.map(({ rssMb }) => rssMb));
  return `The process was at most ${largest.toFixed(0)} MB. Its heap in use was ${first.toFixed(1)} MB on average in the first half of the jobs, and ${second.toFixed(1)} MB in the second.`;
}

const oneDigit = (value: number) => value.toFixed(1);
