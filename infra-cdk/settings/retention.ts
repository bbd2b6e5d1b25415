import { DEAD_LETTER_RETENTION_DAYS } from '../../functions/core/model/retention.ts';

// The functions need it, too.
export { DEAD_LETTER_RETENTION_DAYS };

/** How long the queues keep a message, in days: the maximum of SQS. A message that SQS drops is never counted. */
export const JOBS_RETENTION_DAYS = 14;
export const ABANDONED_EVENTS_RETENTION_DAYS = 14;

/**
 * How long the ledger keeps the record of a message, in days after the record's last change. A message can stay in the
 * jobs queue, then in the dead-letter queue, and then in the jobs queue again if it is retried at the last moment. A
 * message that is sent back again stays longer; a worker refuses a message that is older than this and has no record.
 */
export const LEDGER_TTL_DAYS = JOBS_RETENTION_DAYS + DEAD_LETTER_RETENTION_DAYS + JOBS_RETENTION_DAYS + 1;
