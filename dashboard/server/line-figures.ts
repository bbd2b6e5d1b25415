import type { LogLine } from '../../cli/cloud/log-line.ts';
import type { Batch, Decision } from '../protocol.ts';

// What log lines say about the figures of the dashboard. Other lines, and lines without the expected fields, say nothing.

/** A batch that a worker has ended, with the means of its jobs' times if the line has them, in milliseconds. */
export interface BatchFigures extends Batch {
  /** Jobs that the means stand for. */
  jobs: number;
  waitMs?: number;
  runMs?: number;
}

/** Reads the consumer's line about a batch. */
export function batchOf({ function: name, message, time, fields }: LogLine): BatchFigures | undefined {
  if (name !== 'consumer' || message !== 'batch') return undefined;
  const { worker, batchMs, processed, failed, tick } = fields;
  const to = Date.parse(time);
  if (typeof worker !== 'string' || !isNumber(batchMs) || !isNumber(processed) || Number.isNaN(to))
    return undefined;
  // The means of this batch if the line has them, otherwise those of the worker's recent jobs.
  const ran = (fields.ran ?? { ...fields, jobs: processed }) as Record<string, unknown>;
  return {
    worker,
    from: to - batchMs,
    to,
    processed,
    failed: isNumber(failed) ? failed : 0,
    ...(isNumber(tick) && { tick }),
    jobs: isNumber(ran.jobs) ? ran.jobs : 0,
    ...(isNumber(ran.waitMs) && { waitMs: ran.waitMs }),
    ...(isNumber(ran.jobMs) && { runMs: ran.jobMs }),
  };
}

/** The figures that the autoscaler reads each minute. */
export interface Gauges {
  at: number;
  /** Absent if the line has none, as that of a refused change. */
  waiting?: number;
  oldestSeconds?: number;
  /** Workers that may run at the same time; absent if the line does not say so, null if there is no limit. */
  concurrency?: number | null;
}

/** Reads the autoscaler's line of a minute. Its metrics have a line of their own if the change was refused. */
export function gaugesOf({ function: name, time, fields }: LogLine): Gauges | undefined {
  if (name !== 'autoscaler') return undefined;
  const { pending, oldestWait, from, to, problem } = fields;
  const concurrency = problem === undefined && isNumber(to) ? to : from;
  const isLimit = isNumber(concurrency) || concurrency === null;
  if (!isNumber(pending) && !isLimit) return undefined;
  return {
    at: Date.parse(time),
    ...(isNumber(pending) && { waiting: pending }),
    ...(isNumber(oldestWait) && { oldestSeconds: oldestWait }),
    ...(isLimit && { concurrency: concurrency as number | null }),
  };
}

/** Reads the autoscaler's line about a decision that changed the number of workers, or tried to. */
export function decisionOf({ function: name, message, time, fields }: LogLine): Decision | undefined {
  if (name !== 'autoscaler' || (message !== 'scaled' && message !== 'not scaled')) return undefined;
  const { at, from, to, reason, problem } = fields;
  return {
    at: isNumber(at) ? at : Date.parse(time),
    from: isNumber(from) ? from : null,
    to: isNumber(to) ? to : null,
    reason: typeof reason === 'string' ? reason : '',
    ...(typeof problem === 'string' && { problem }),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
