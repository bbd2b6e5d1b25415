import { Logger } from '@aws-lambda-powertools/logger';
import type { JobLog } from '../core/job/job.ts';

/**
 * The functions' logger: one JSON object per line, which includes the function's name, the request id and whether it was
 * a cold start. POWERTOOLS_LOG_LEVEL sets the level.
 */
export const log = new Logger({ serviceName: 'drumline' });

/** A job's logger: `log`, with these fields in each line. */
export function jobLog(fields: { jobId: number; runId: string; tick: number }): JobLog {
  const write =
    (level: keyof JobLog) =>
    (message: string, more: Record<string, unknown> = {}) =>
      log[level](message, { ...more, ...fields });
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
