/** How long the queues keep a message, in days: as long as SQS does. What it drops after that would be counted nowhere. */
export const JOBS_RETENTION_DAYS = 14;
export const DEAD_LETTER_RETENTION_DAYS = 14;
export const ABANDONED_EVENTS_RETENTION_DAYS = 14;

/**
 * How long the ledger remembers which jobs of a message are counted, after the record's last change. A message can lie in
 * the jobs queue, in the dead-letter queue, and in the jobs queue once more when it is sent again at the last moment. A
 * message that is sent back stays longer; a worker refuses one that is older than this and has no record.
 */
export const LEDGER_TTL_DAYS = JOBS_RETENTION_DAYS + DEAD_LETTER_RETENTION_DAYS + JOBS_RETENTION_DAYS + 1;
