import { COUNTER_SHARDS } from '../functions/core/ledger/counters.ts';
import { MAX_IN_FLIGHT } from '../infra-cdk/settings/limits.ts';
import type { SettingName } from '../infra-cdk/settings/settings.ts';
import {
  ACCOUNT_CONCURRENCY,
  EVENT_LIMIT_BYTES,
  MIN_UNRESERVED_CONCURRENCY,
  NEW_TABLE_WRITE_UNITS,
  PARTITION_WRITE_UNITS,
  TABLE_WRITE_UNITS,
} from './aws-limits.ts';
import { drainOf } from './drain.ts';
import { BATCH_MS, batchMs, EVENT_BYTES } from './overheads.ts';
import type { Sizing } from './packing.ts';
import { packingOf } from './packing.ts';
import { UNITS_PER_WRITE } from './tick-usage.ts';

/** One of AWS's limits, and what this workload takes of it while it is busiest. */
export interface Quota {
  name: string;
  limit: number;
  used: number;
  unit: string;
  ok: boolean;
  /** The settings that take less of it. */
  movedBy: SettingName[];
  /** What comes of taking more than there is. */
  beyond: string;
}

/**
 * What a workload takes of AWS's limits, the fullest first.
 *
 * In flight are messages that a consumer has received and not deleted yet ("Amazon SQS standard queue quotas"), which are
 * those of the workers' batches, and no others: what a worker sends back is a new message with a delay, and SQS counts
 * delayed messages apart from those in flight ("Resources required to process Amazon SQS messages").
 */
export function quotasOf(x: number, sizing: Sizing, workMs: number): Quota[] {
  const { concurrency } = sizing;
  const { batchMessages, batches } = packingOf(x, sizing);
  const batchesASecond = busiest(x, sizing, workMs);
  const counters = batchesASecond * UNITS_PER_WRITE;
  const units = counters + batchesASecond * batchMessages * UNITS_PER_WRITE;
  const workers = Math.min(concurrency, batches);
  const quota = (
    name: string,
    [used, limit, unit]: [number, number, string],
    movedBy: SettingName[],
    beyond: string,
  ): Quota => ({ name, limit, used, unit, ok: used <= limit, movedBy, beyond });
  return [
    quota(
      'Lambda concurrency of the account, less what stays unreserved',
      [concurrency, ACCOUNT_CONCURRENCY - MIN_UNRESERVED_CONCURRENCY, 'workers'],
      ['concurrency'],
      'the deployment is refused until AWS has raised the quota',
    ),
    quota(
      'SQS messages in flight',
      [workers * batchMessages, MAX_IN_FLIGHT, 'messages'],
      ['batchSize', 'concurrency'],
      'no more are received until some are done',
    ),
    quota(
      'Lambda event',
      [batchMessages * EVENT_BYTES, EVENT_LIMIT_BYTES, 'bytes'],
      ['batchSize'],
      'batches are smaller than asked for',
    ),
    quota(
      'DynamoDB partitions with the workers’ counters',
      [counters, COUNTER_SHARDS * PARTITION_WRITE_UNITS, 'write units/s'],
      ['jobsPerMessage', 'batchSize'],
      'more workers make it no faster',
    ),
    quota(
      'DynamoDB table when new',
      [units, NEW_TABLE_WRITE_UNITS, 'write units/s'],
      ['jobsPerMessage'],
      'the first ticks take longer, until the table has grown with them',
    ),
    quota(
      'DynamoDB table',
      [units, TABLE_WRITE_UNITS, 'write units/s'],
      ['jobsPerMessage'],
      'ticks take longer until AWS has raised the quota',
    ),
  ].sort((one, other) => other.used / other.limit - one.used / one.limit);
}

/** Batches a second while all workers are there, and there is enough for them to do. */
function busiest(x: number, sizing: Sizing, workMs: number): number {
  const { batches, batchMessages, batchJobs } = packingOf(x, sizing);
  const { concurrency, jobConcurrency } = sizing;
  const once = batchMs({ messages: batchMessages, jobs: batchJobs, workMs, jobConcurrency });
  const atMost = (Math.min(concurrency, batches) / (once + BATCH_MS.between)) * 1_000;
  // A scheduler that can't send so fast keeps them waiting.
  const { ms, bound } = drainOf(x, sizing, workMs);
  return bound === 'scheduler' ? Math.min(atMost, (batches / ms) * 1_000) : atMost;
}
