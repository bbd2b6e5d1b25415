import type { JobReport } from '../../functions/core/jobs/find-job.ts';
import type { Deployment } from './deployment.ts';
import type { LogLine } from './log-line.ts';
import { LogReader } from './read-logs.ts';

/** A worker's clock and CloudWatch's may differ by this much, in milliseconds. */
const MARGIN_MS = 60_000;

/**
 * The consumer's log lines about a job: those of the job itself, and those of batches with jobs on both sides of it. They
 * begin when the job was due and end when it was processed, or with its last attempt if it is dead.
 */
export async function readJobLog(
  deployment: Deployment,
  job: JobReport,
  signal: AbortSignal,
): Promise<LogLine[]> {
  const { state, dueAt, document, attempts, runId } = job;
  const endedAt = state === 'processed' ? document?.processedAt : state === 'dead' && attempts?.lastAt;
  const until = endedAt ? Date.parse(endedAt) + MARGIN_MS : undefined;
  // All lines about jobs contain the run.
  const reader = new LogReader(deployment, ['consumer'], Date.parse(dueAt) - MARGIN_MS, {
    filter: runId,
    until,
  });
  return (await reader.read(signal)).filter((line) => isAbout(line, job));
}

/** Whether a log line is about a job. */
export function isAbout({ fields }: Pick<LogLine, 'fields'>, { jobId, runId, tick }: JobReport): boolean {
  if (fields.jobId !== undefined) return fields.jobId === jobId && fields.runId === runId;
  // `jobRanges` in functions/core/consume/batch-log.ts writes one range as fields of the line, and several as `jobs`.
  const ranges = Array.isArray(fields.jobs) ? fields.jobs : [fields];
  return ranges.some(
    (range) =>
      range?.runId === runId && range.tick === tick && range.firstJob <= jobId && range.lastJob >= jobId,
  );
}
