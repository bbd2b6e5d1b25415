/** How long the dead-letter queue keeps a message, in days: the maximum of SQS ("Amazon SQS message quotas"). */
export const DEAD_LETTER_RETENTION_DAYS = 14;
