import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import type { TargetName } from '../cloud/target.ts';
import { count, percent } from '../terminal/format.ts';
import { type Align, markdownTable } from '../terminal/table.ts';
import { type Machine, machineText, readMachine } from './machine.ts';
import type { Measurement, RunningSettings } from './scaling-test.ts';

/** The measurements of a scaling test, and the conditions of the test. */
export interface ScalingReport {
  ok: boolean;
  /** When the test ended, in ISO 8601. */
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
  rows: Measurement[],
  date = new Date(),
): ScalingReport {
  const ok = rows.every((row) => row.ok);
  return { ok, date: date.toISOString(), target, machine: readMachine(), settings, rows };
}

const COLUMNS: [head: string, align: Align, cell: (row: Measurement) => string][] = [
  ['Workers', 'right', ({ workers }) => count(workers)],
  ['Jobs', 'right', ({ jobs }) => count(jobs)],
  ['Seconds', 'right', ({ seconds }) => seconds.toFixed(1)],
  ['Jobs/min', 'right', (row) => count(row.jobsPerMinute)],
  ['Speed-up', 'right', ({ speedUp }) => `${speedUp.toFixed(2)}×`],
  ['Share per worker', 'left', shareRange],
  ['Errors', 'right', ({ failed }) => count(failed)],
  ['Documents', 'right', ({ documents }) => count(documents)],
  ['Duplicates', 'right', ({ duplicates }) => count(duplicates)],
  ['Verified', 'left', ({ ok }) => (ok ? 'yes' : '**no**')],
];

/** The measurements as a Markdown table. */
export function scalingTable(measurements: readonly Measurement[]): string {
  return markdownTable(
    COLUMNS.map(([head]) => head),
    measurements.map((row) => COLUMNS.map(([, , cell]) => cell(row))),
    COLUMNS.map(([, align]) => align),
  );
}

/** The report as Markdown. */
export function scalingMarkdown(report: ScalingReport): string {
  const { date, target, machine, settings, rows } = report;
  const settingsText = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const jobsText = ({ workers, shares }: Measurement) =>
    `- ${workers}: ${shares.map(({ id, processed }) => `${id} ${count(processed)}`).join(', ')}`;
  return `# Scaling test, ${date.slice(0, 16).replace('T', ' ')} UTC

${scalingTable(rows)}

Each row runs the same jobs in one tick, after a warm-up that is not measured. Seconds are from the tick's claim to the
last count. The speed-up is relative to the first row.

- Machine: ${machineText(machine)}; target ${target}
- Settings: ${settingsText.join(', ')}

## Jobs of each worker

${rows.map(jobsText).join('\n')}
`;
}

/** Saves the report in reports/, which is not in git. @returns the paths of the files */
export async function saveReport(
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

/** `45.0–55.0 %`, the smallest and largest share; `50.0 %` if they are equal. */
function shareRange({ shares }: Measurement): string {
  const [largest, smallest] = [shares[0], shares.at(-1)];
  if (!largest || !smallest) return '–';
  const max = percent(largest.share);
  return percent(smallest.share) === max ? max : `${(smallest.share * 100).toFixed(1)}–${max}`;
}
