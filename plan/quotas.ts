import { COUNTER_SHARDS } from '../functions/core/ledger/counters.ts';
import { MAX_IN_FLIGHT } from '../infra-cdk/settings/setting-problems.ts';
import type { SettingName } from '../infra-cdk/settings/settings.ts';
import {
  ACCOUNT_CONCURRENCY,
  MAX_EVENT_BYTES,
  MIN_UNRESERVED_CONCURRENCY,
  NEW_TABLE_WRITE_UNITS,
  PARTITION_WRITE_UNITS,
  TABLE_WRITE_UNITS,
} from './aws-limits.ts';
import { drainOf } from './drain.ts';
import { BATCH_MS, batchMs, EVENT_MESSAGE_BYTES } from './overheads.ts';
import { packingOf, type Sizing } from './packing.ts';
import { UNITS_PER_WRITE } from './tick-usage.ts';

/** An AWS limit, and how much of it a workload uses at its peak. */
export interface Quota {
  name: string;
  limit: number;
  used: number;
  unit: string;
  ok: boolean;
  /** The settings that change the usage, the most effective first. */
  movedBy: SettingName[];
  /** What happens above the limit. */
  beyond: string;
}

/**
 * The AWS limits that a workload uses, the fullest first.
 *
 * Messages in flight are those that a consumer has received and not deleted yet ("Amazon SQS standard queue quotas"): the
 * messages of the workers' batches. A message that a worker returns with a delay is a new message, and SQS counts delayed
 * messages separately ("Resources required to process Amazon SQS messages").
 */
export function quotasOf(x: number, sizing: Sizing, workMs: number): Quota[] {
  const { concurrency } = sizing;
  const { batchMessages, batches } = packingOf(x, sizing, workMs);
  const batchesPerSecond = peakBatchesPerSecond(x, sizing, workMs);
  const counterUnits = batchesPerSecond * UNITS_PER_WRITE;
  const tableUnits = counterUnits + batchesPerSecond * batchMessages * UNITS_PER_WRITE;
  const quotas: Omit<Quota, 'ok'>[] = [
    {
      name: 'Lambda concurrency that can be reserved',
      used: concurrency,
      limit: ACCOUNT_CONCURRENCY - MIN_UNRESERVED_CONCURRENCY,
      unit: 'workers',
      movedBy: ['concurrency'],
      beyond: 'AWS refuses the deployment until it has raised the quota',
    },
    {
      name: 'SQS messages in flight',
      used: Math.min(concurrency, batches) * batchMessages,
      limit: MAX_IN_FLIGHT,
      unit: 'messages',
      movedBy: ['batchSize', 'concurrency'],
      beyond: 'SQS delivers no more messages until some are done',
    },
    {
      name: 'Lambda event',
      used: batchMessages * EVENT_MESSAGE_BYTES,
      limit: MAX_EVENT_BYTES,
      unit: 'bytes',
      movedBy: ['batchSize'],
      beyond: 'batches are smaller than batchSize',
    },
    {
      name: 'DynamoDB partitions of the workers’ counters',
      used: counterUnits,
      limit: COUNTER_SHARDS * PARTITION_WRITE_UNITS,
      unit: 'write units/s',
      movedBy: ['jobsPerMessage', 'batchSize'],
      beyond: 'more workers do not increase the throughput',
    },
    {
      name: 'DynamoDB table when new',
      used: tableUnits,
      limit: NEW_TABLE_WRITE_UNITS,
      unit: 'write units/s',
      movedBy: ['jobsPerMessage'],
      beyond: 'the first ticks take longer, until DynamoDB has adapted the table',
    },
    {
      name: 'DynamoDB table',
      used: tableUnits,
      limit: TABLE_WRITE_UNITS,
      unit: 'write units/s',
      movedBy: ['jobsPerMessage'],
      beyond: 'ticks take longer until AWS has raised the quota',
    },
  ];
  return quotas
    .map((quota) => ({ ...quota, ok: quota.used <= quota.limit }))
    .sort((one, other) => other.used / other.limit - one.used / one.limit);
}

/** Batches per second while all workers are running and the queue is not empty. */
function peakBatchesPerSecond(x: number, sizing: Sizing, workMs: number): number {
  const { batches, batchMessages, batchJobs } = packingOf(x, sizing, workMs);
  const { concurrency, jobConcurrency } = sizing;
  const fullBatchMs = batchMs({ messages: batchMessages, jobs: batchJobs, workMs, jobConcurrency });
  const byWorkers = (Math.min(concurrency, batches) / (fullBatchMs + BATCH_MS.between)) * 1_000;
  // If the scheduler is the bottleneck, the workers wait for it.
  const { ms, bound } = drainOf(x, sizing, workMs);
  return bound === 'scheduler' ? Math.min(byWorkers, (batches / ms) * 1_000) : byWorkers;
}
