import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { count, percent } from '../../text/format.ts';
import type { RunningSettings } from '../cloud/settings.ts';
import type { TargetName } from '../cloud/target.ts';
import { type Align, markdownTable } from '../terminal/table.ts';
import { type Machine, machineText, readMachine } from './machine.ts';
import type { Measurement } from './scaling-test.ts';

/** A scaling test, with what is needed to understand its figures later. */
export interface ScalingReport {
  ok: boolean;
  date: string;
  target: TargetName;
  machine: Machine;
  settings: RunningSettings;
  rows: Measurement[];
}

/** @param date when the test ended */
export function scalingReport(
  target: TargetName,
  settings: RunningSettings,
  measurements: Measurement[],
  date = new Date(),
): ScalingReport {
  return {
    ok: measurements.every(({ ok }) => ok),
    date: date.toISOString(),
    target,
    machine: readMachine(),
    settings,
    rows: measurements,
  };
}

const HEADS = [
  'Workers',
  'Jobs',
  'Seconds',
  'Jobs/min',
  'Speed-up',
  'Share of each',
  'Errors',
  'Documents',
  'Duplicates',
  'Verified',
];
const ALIGNS: Align[] = HEADS.map((head) =>
  head === 'Share of each' || head === 'Verified' ? 'left' : 'right',
);

/** The figures alone, as a Markdown table. */
export function scalingTable(measurements: readonly Measurement[]): string {
  return markdownTable(HEADS, measurements.map(row), ALIGNS);
}

/** The whole report as Markdown. */
export function scalingMarkdown(report: ScalingReport): string {
  const { date, target, machine, settings, rows } = report;
  const shares = rows.map(
    ({ workers, shares: each }) =>
      `- ${workers}: ${each.map(({ id, processed }) => `${id} ${count(processed)}`).join(', ')}`,
  );
  return `# Scaling test, ${date.slice(0, 16).replace('T', ' ')} UTC

${scalingTable(rows)}

The same jobs for each number of workers, in one tick, after a warm-up that is not measured. Seconds are from the tick's
claim to the last job's count; the speed-up is against the first row.

- Machine: ${machineText(machine)}; target ${target}
- Settings: ${Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}

## Jobs of each worker

${shares.join('\n')}
`;
}

/** Keeps the report under reports/, which is not in git. @returns the files */
export async function keepReport(
  report: ScalingReport,
  folder = join(PROJECT, 'reports'),
): Promise<{ markdown: string; json: string }> {
  const name = `scaling-${report.date.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
  const files = { markdown: join(folder, `${name}.md`), json: join(folder, `${name}.json`) };
  await mkdir(folder, { recursive: true });
  await writeFile(files.markdown, scalingMarkdown(report));
  await writeFile(files.json, `${JSON.stringify(report, null, 2)}\n`);
  return files;
}

function row(measured: Measurement): string[] {
  const { workers, jobs, seconds, jobsPerMinute, speedUp, failed, documents, duplicates, ok } = measured;
  return [
    ...[count(workers), count(jobs), seconds.toFixed(1), count(jobsPerMinute), `${speedUp.toFixed(2)}×`],
    shareRange(measured),
    ...[failed, documents, duplicates].map(count),
    ok ? 'yes' : '**no**',
  ];
}

/** The one share, or the smallest to the largest. */
function shareRange({ shares }: Measurement): string {
  const [largest, smallest] = [shares[0], shares.at(-1)];
  if (!largest || !smallest) return '–';
  const most = percent(largest.share);
  return percent(smallest.share) === most ? most : `${(smallest.share * 100).toFixed(1)}–${most}`;
}
