import type { Verification } from '../../functions/core/verify/verify.ts';
import type { Status } from '../../functions/status.ts';
import { count, jobsPerMinute, percent } from '../terminal/figures.ts';
import type { Colors } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';
import { type Share, sharesOf } from './shares.ts';

/** What came of a run. */
export interface RunReport {
  ok: boolean;
  runId: string | null;
  ticks: number;
  enqueued: number;
  processed: number;
  failed: number;
  documents: number;
  duplicates: number;
  missing: number;
  jobsPerMinute: number | null;
  workers: Share[];
  message: string;
}

/** @param busyMs how long the run had jobs to do, in milliseconds */
export function runReport(status: Status, verification: Verification, busyMs: number): RunReport {
  const { ok, documents, duplicates, missing, message } = verification;
  const { runId, firedTicks, enqueued, processed, failed } = status;
  return {
    ...{ ok, runId, ticks: firedTicks, enqueued, processed, failed },
    ...{ documents, duplicates, missing: missing.count },
    jobsPerMinute: jobsPerMinute(processed, busyMs),
    workers: sharesOf(status),
    message,
  };
}

/** The report for people. */
export function runReportText(report: RunReport, { bold, green, red }: Colors): string {
  const { ok, runId, enqueued, processed, failed, documents, duplicates, missing } = report;
  const figures = { Enqueued: enqueued, Processed: processed, Failed: failed, Documents: documents };
  const faults = { Duplicates: duplicates, Missing: missing };
  const rows = [
    ...Object.entries({ ...figures, ...faults }).map(([name, value]) => [name, count(value), '']),
    ['Throughput', report.jobsPerMinute === null ? '–' : count(report.jobsPerMinute), 'jobs/min'],
    ...report.workers.map(({ id, processed: jobs, share }) => [id, count(jobs), percent(share)]),
  ];
  const lines = table([`Run ${runId}`, '', ''], rows, ['left', 'right', 'right']).split('\n');
  return [
    bold(lines[0] ?? ''),
    ...lines.slice(1),
    '',
    ok ? green(`✔ Verified: ${report.message}.`) : red(`✖ Not verified: ${report.message}.`),
  ].join('\n');
}
