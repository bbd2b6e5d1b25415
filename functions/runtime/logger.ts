import { Logger } from '@aws-lambda-powertools/logger';
import type { JobLog } from '../core/job/job.ts';

// The level of Lambda's own filter, which Powertools would use instead of POWERTOOLS_LOG_LEVEL. The filter takes lines
// without a level, such as metrics, for INFO. So it is set to let everything pass (drumline-function.ts).
delete process.env.AWS_LAMBDA_LOG_LEVEL;

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
