import { Logger } from '@aws-lambda-powertools/logger';

/**
 * The functions' logger: one JSON object per line, which includes the function's name, the request id and whether it was
 * a cold start. POWERTOOLS_LOG_LEVEL sets the level.
 */
export const log = new Logger({ serviceName: 'drumline' });
