import { Logger } from '@aws-lambda-powertools/logger';

/**
 * The functions' logger: one JSON object a line. Level by POWERTOOLS_LOG_LEVEL; the function's name, request and
 * cold start are added by itself.
 */
export const log = new Logger({ serviceName: 'drumline' });
