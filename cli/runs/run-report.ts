import type { Verification } from '../../functions/core/verify/verify.ts';
import type { Status } from '../../functions/status.ts';
import { count, percent } from '../terminal/format.ts';
import type { Colors } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';
import { jobsPerMinute, type Share, sharesOf } from './statistics.ts';

const MAX_MISSING_IDS = 10;

/** The outcome of a run. */
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
    ok,
    runId,
    ticks: firedTicks,
    enqueued,
    processed,
    failed,
    documents,
    duplicates,
    missing: missing.count,
    jobsPerMinute: jobsPerMinute(processed, busyMs),
    workers: sharesOf(status),
    message,
  };
}

/** The report as text. */
export function runReportText(report: RunReport, { bold, green, red }: Colors): string {
  const { ok, runId, enqueued, processed, failed, documents, duplicates, missing } = report;
  const totals = { Enqueued: enqueued, Processed: processed, Failed: failed };
  const results = { Documents: documents, Duplicates: duplicates, Missing: missing };
  const rows = [
    ...Object.entries({ ...totals, ...results }).map(([name, value]) => [name, count(value), '']),
    ['Throughput', report.jobsPerMinute === null ? '–' : count(report.jobsPerMinute), 'jobs/min'],
    ...report.workers.map(({ id, processed: jobs, share }) => [id, count(jobs), percent(share)]),
  ];
  const [head = '', ...lines] = table([`Run ${runId}`, '', ''], rows, ['left', 'right', 'right']).split('\n');
  const verdict = ok ? green(`✔ Verified: ${report.message}.`) : red(`✖ Not verified: ${report.message}.`);
  return [bold(head), ...lines, '', verdict].join('\n');
}

/** The outcome of `verify` as text. */
export function verificationText(verification: Verification, { green, red }: Colors): string {
  const { ok, runId, message, enqueued, processed, failed, pending, documents, duplicates } = verification;
  const missing = verification.missing;
  const figures = { enqueued, processed, failed, pending, documents, duplicates, missing: missing.count };
  const rows = Object.entries(figures).map(([name, value]) => [`  ${name}`, count(value)]);
  const ids = missing.first.slice(0, MAX_MISSING_IDS).join(', ');
  const more = missing.count > MAX_MISSING_IDS ? ', …' : '';
  return [
    ...(runId ? [`Run ${runId}`, table(['', ''], rows, ['left', 'right']), ''] : []),
    ...(missing.count > 0 ? [`Missing jobs: ${ids}${more}`] : []),
    ok ? green(`✔ ${message}`) : red(`✖ ${message}`),
  ].join('\n');
}
