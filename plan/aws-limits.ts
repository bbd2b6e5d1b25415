/**
 * AWS's limits, from its documentation (stored copies, read on 2026-11-24). AWS raises them on request unless the comment
 * says otherwise.
 */

/** Concurrent executions per region ("Lambda quotas"). */
export const ACCOUNT_CONCURRENCY = 1_000;

/** Concurrency that Lambda keeps for functions without reserved concurrency ("Configuring reserved concurrency"). */
export const MIN_UNRESERVED_CONCURRENCY = 100;

/** The longest time limit of a function, in seconds ("Lambda quotas"). Fixed. */
export const MAX_FUNCTION_TIMEOUT_SECONDS = 900;

/**
 * Concurrent batches of an event source mapping for a standard queue: the initial number, and how many are added per
 * minute ("Configuring scaling behavior for SQS event source mappings"). Fixed: provisioned pollers are faster.
 */
export const MAPPING_RAMP = { initial: 5, perMinute: 300 };

/** The same with provisioned pollers (same page), and the numbers of pollers that AWS accepts. */
export const POLLER_RAMP = { batchesPerPoller: 10, perMinute: 1_000, minPollers: 2, maxPollers: 200 };

/** The largest event that a function can be invoked with, in bytes ("Lambda quotas"). Fixed. */
export const MAX_EVENT_BYTES = 6 * 1_024 * 1_024;

/**
 * Write units per second of one partition. One item cannot exceed them, nor can the items under one partition key until
 * DynamoDB splits them ("Burst and adaptive capacity"). Fixed.
 */
export const PARTITION_WRITE_UNITS = 1_000;

/** Write units per second of a new on-demand table. They double within half an hour of a new peak. */
export const NEW_TABLE_WRITE_UNITS = 4_000;

/** Maximum write units per second of an on-demand table ("Service, account, and table quotas"). */
export const TABLE_WRITE_UNITS = 40_000;

/**
 * Calls of FilterLogEvents per second of an account: in us-east-1; in ap-northeast-3, ap-southeast-3, ca-west-1,
 * eu-central-1 and il-central-1; in the other regions ("CloudWatch Logs quotas"). Fixed. More calls are throttled, also
 * those of other programs that read logs in the region.
 */
export const LOG_READS_PER_SECOND = { usEast1: 25, slowRegions: 5, otherRegions: 10 };
