import { count } from '../../text/format.ts';
import type { Section } from '../benchmark.ts';
import { figureText } from '../figure.ts';
import type { TuningRow } from './benchmark.ts';

/** What people see of it: a line for the settings, a column for each kind of job. */
export function section(rows: readonly TuningRow[]): Section {
  const works = distinct(rows.map(({ workMs }) => workMs));
  const lines = distinct(rows.map(({ settings }) => JSON.stringify(settings))).map((key) =>
    rows.filter(({ settings }) => JSON.stringify(settings) === key),
  );
  const usual = lines.filter((line) => isUsual(line[0], rows));
  const of = (line: readonly TuningRow[], work: number) =>
    line.find(({ workMs }) => workMs === work)?.jobsPerMinute;
  return {
    tables: [
      {
        heads: ['batchSize', 'jobsPerMessage', 'jobConcurrency', ...works.map(workOf)],
        aligns: Array.from({ length: 3 + works.length }, () => 'right' as const),
        rows: lines.map((line) => {
          const { batchSize = 0, jobsPerMessage = 0, jobConcurrency = 0 } = line[0]?.settings ?? {};
          const figures = works.map((work) => {
            const figure = of(line, work);
            return figure ? figureText(figure) : '–';
          });
          return [...[batchSize, jobsPerMessage, jobConcurrency].map(count), ...figures];
        }),
      },
    ],
    charts: [
      {
        name: 'tuning',
        title: 'Jobs a minute by jobs a message',
        kind: 'lines',
        x: {
          title: 'jobsPerMessage',
          values: usual.map((line) => count(line[0]?.settings.jobsPerMessage ?? 0)),
        },
        y: { title: 'jobs/min', logarithmic: true },
        series: works.map((work) => ({
          name: workOf(work),
          values: usual.map((line) => of(line, work) ?? null),
        })),
      },
    ],
    remarks: works.flatMap((work) => fastest(work, rows)).join('\n'),
  };
}

function fastest(work: number, rows: readonly TuningRow[]): string[] {
  const measured = rows.filter(({ workMs, jobsPerMinute }) => workMs === work && jobsPerMinute);
  const pace = ({ jobsPerMinute }: TuningRow) => jobsPerMinute?.median ?? 0;
  const [best] = [...measured].sort((one, other) => pace(other) - pace(one));
  if (!best) return [];
  const { batchSize, jobsPerMessage, jobConcurrency } = best.settings;
  return [
    `- ${workOf(work)}: fastest with ${batchSize} messages of ${count(jobsPerMessage)} jobs, ${count(jobConcurrency)} at a time, ${count(pace(best))} jobs/min.`,
  ];
}

/** Whether only the jobs a message differ from most: the batch size and the concurrency that have the most lines. */
function isUsual(row: TuningRow | undefined, rows: readonly TuningRow[]): boolean {
  const key = ({ settings: { batchSize, jobConcurrency } }: TuningRow) => `${batchSize}/${jobConcurrency}`;
  const times = new Map<string, number>();
  for (const each of rows) times.set(key(each), (times.get(key(each)) ?? 0) + 1);
  return row !== undefined && times.get(key(row)) === Math.max(...times.values());
}

function workOf(workMs: number): string {
  return workMs === 0 ? 'no-op' : `${count(workMs)} ms`;
}

const distinct = <One>(list: readonly One[]): One[] => [...new Set(list)];
