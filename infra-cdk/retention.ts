/** How long the queues keep a message, in days: as long as SQS does. What it drops after that would be counted nowhere. */
export const JOBS_RETENTION_DAYS = 14;
export const DEAD_LETTER_RETENTION_DAYS = 14;
export const ABANDONED_EVENTS_RETENTION_DAYS = 14;

/**
 * How long the ledger remembers which jobs of a message are counted. A message can come again as long as it lies in
 * the jobs queue, and once more after that as a dead letter that is sent again at the last moment.
 */
export const REMEMBER_DAYS = JOBS_RETENTION_DAYS + DEAD_LETTER_RETENTION_DAYS + JOBS_RETENTION_DAYS + 1;
