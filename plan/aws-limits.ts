/**
 * What AWS allows, as its documentation says (read in stored copies, 2026-11-24): each a default that AWS raises on
 * request, unless said otherwise.
 */

/** Concurrent executions in a region ("Lambda quotas"); of these, 100 stay for functions that have none reserved. */
export const ACCOUNT_CONCURRENCY = 1_000;

/** Concurrency that Lambda keeps for functions without reserved concurrency ("Configuring reserved concurrency"). */
export const MIN_UNRESERVED_CONCURRENCY = 100;

/** The largest number of workers that Drumline accepts: the range of the setting `concurrency`. */
export const MAX_WORKERS = 1_000;

/** The smallest maximum concurrency that AWS accepts for an event source mapping. */
export const MIN_MAPPING_CONCURRENCY = 2;

/** The longest time limit of a function ("Lambda quotas"), in seconds; not raised. */
export const MAX_FUNCTION_TIMEOUT_SECONDS = 900;

/**
 * How a mapping of a standard queue grows ("Configuring scaling behavior for SQS event source mappings"): five batches
 * at a time at once, 300 more a minute. Not raised on request: provisioned pollers are the way.
 */
export const MAPPING_RAMP = { atOnce: 5, aMinute: 300 };

/** The same with provisioned pollers: ten batches at a time for each, and 1,000 more a minute. */
export const POLLER_RAMP = { batches: 10, aMinute: 1_000, min: 2, max: 200 };

/** Bytes of an event that a function is invoked with ("Lambda quotas"); not raised. */
export const EVENT_LIMIT_BYTES = 6 * 1_024 * 1_024;

/**
 * Write units a second that one partition takes, and so one item, or a collection of items under one partition key as
 * long as DynamoDB has not split it ("Burst and adaptive capacity"); not raised.
 */
export const PARTITION_WRITE_UNITS = 1_000;

/** Write units a second that a new on-demand table takes at once; it doubles within half an hour of a new peak. */
export const NEW_TABLE_WRITE_UNITS = 4_000;

/** Write units a second that an on-demand table takes at most ("Service, account, and table quotas"). */
export const TABLE_WRITE_UNITS = 40_000;
