import { PROGRESS_MS } from '../functions/core/consume/progress.ts';
import { COUNTER_SHARDS } from '../functions/core/ledger/counters.ts';
import { MAX_TRANSACTION_WRITES } from '../functions/core/ledger/table.ts';
import { MAX_BATCH_ENTRIES } from '../functions/core/queue/queue.ts';
import { SLICE_MESSAGES } from '../functions/core/schedule/enqueue.ts';
import { LEDGER_TTL_DAYS } from '../infra-cdk/settings/retention.ts';
import { batchMs, LOG_BYTES, MESSAGE_ITEM_BYTES, SCHEDULER_MS, workMsOfBatch } from './overheads.ts';
import { effectiveJobsPerMessage, packingOf, type Sizing } from './packing.ts';
import { type Usage, usageOf } from './prices.ts';

/** DynamoDB charges a transactional write twice: to prepare and to commit it. All items here are smaller than 1 kB. */
export const UNITS_PER_WRITE = 2;

/** AWS prices storage per month of 730 hours. */
const MONTHS_PER_DAY = 24 / 730;

/** Usage of a firing with no tick due. It reads the schedule twice and the run once (functions/core/schedule/fire.ts). */
export function usageOfFiring(): Usage {
  return usageOf({
    ruleEvents: 1,
    lambdaInvocations: 1,
    lambdaGbSeconds: schedulerGbSeconds(SCHEDULER_MS.firing),
    ledgerReadUnits: 3,
    logGb: LOG_BYTES.firing / 1e9,
  });
}

/**
 * Usage of the autoscaler's invocation each minute (functions/core/scaling/). It reads its own state twice, the runs, the
 * schedule, the run, up to two ticks, and the counters in all partitions; it writes its state. The one for each tick is not
 * included.
 */
export function usageOfDecision(): Usage {
  return usageOf({
    ruleEvents: 1,
    lambdaInvocations: 1,
    // It has 256 MB (infra-cdk/constructs/drumline-function.ts), and takes about as long as a firing.
    lambdaGbSeconds: (SCHEDULER_MS.firing / 1_000) * 0.25,
    ledgerReadUnits: 7 + COUNTER_SHARDS,
    ledgerWriteUnits: UNITS_PER_WRITE,
    logGb: LOG_BYTES.decision / 1e9,
  });
}

/**
 * Usage of a tick with `x` jobs, in addition to the firing, if every job succeeds at the first attempt and all jobs are
 * enqueued before the workers start. (A worker that starts earlier reads the tick again now and then, one read unit each.)
 */
export function usageOfTick(x: number, sizing: Sizing, workMs: number): Usage {
  const { messages, batches, slices } = packingOf(x, sizing, workMs);
  const batchCalls = sumOverChunks(messages, sizing.batchSize, callsFor);
  return usageOf({
    sqsSends: sumOverChunks(messages, SLICE_MESSAGES, callsFor),
    sqsReceives: batchCalls,
    sqsDeletes: batchCalls,
    ledgerWriteUnits: UNITS_PER_WRITE * (tickWrites(slices) + countingWrites(x, messages, sizing, workMs)),
    // The scheduler reads the schedule and the run again after the tick. Each worker reads the tick with its first
    // message, and the counters of its shard: mostly its own counter, less than 4 kB.
    ledgerReadUnits: 2 + 2 * Math.min(sizing.concurrency, batches),
    ledgerGbMonths: ((messages * MESSAGE_ITEM_BYTES) / 1e9) * LEDGER_TTL_DAYS * MONTHS_PER_DAY,
    lambdaInvocations: batches,
    lambdaGbSeconds:
      schedulerGbSeconds(messages * SCHEDULER_MS.message) + consumerGbSeconds(x, sizing, workMs),
    logGb: (batches * LOG_BYTES.batch) / 1e9,
  });
}

/** SQS calls for a number of messages. */
function callsFor(messages: number): number {
  return Math.ceil(messages / MAX_BATCH_ENTRIES);
}

/** To claim a tick: tick, run, schedule. For each slice: run, tick. To close the tick: tick, schedule. */
function tickWrites(slices: number): number {
  return 3 + slices * 2 + 2;
}

/**
 * One item per message, and the worker's counter once per transaction (functions/core/ledger/message-records.ts). A batch
 * that takes longer than a second has a transaction per second (functions/core/consume/progress.ts).
 */
function countingWrites(x: number, messages: number, sizing: Sizing, workMs: number): number {
  const { batchSize, jobConcurrency } = sizing;
  const transactions = sumOverChunks(messages, batchSize, (size) => {
    const jobs = Math.ceil((x * size) / messages);
    const seconds = workMsOfBatch({ messages: size, jobs, workMs, jobConcurrency }) / PROGRESS_MS;
    return Math.max(Math.ceil(size / (MAX_TRANSACTION_WRITES - 1)), Math.min(size, Math.ceil(seconds)));
  });
  return messages + transactions;
}

function consumerGbSeconds(x: number, sizing: Sizing, workMs: number): number {
  const { batchSize, consumerMemoryMb, jobConcurrency } = sizing;
  const jobsPerMessage = effectiveJobsPerMessage(x, sizing, workMs);
  const seconds = sumOverChunks(x, batchSize * jobsPerMessage, (jobs) => {
    const messages = Math.ceil(jobs / jobsPerMessage);
    return batchMs({ messages, jobs, workMs, jobConcurrency }) / 1_000;
  });
  return seconds * (consumerMemoryMb / 1_024);
}

/** The scheduler has 1,024 MB (infra-cdk/constructs/scheduler.ts). */
function schedulerGbSeconds(ms: number): number {
  return ms / 1_000;
}

/** Sums `of(size)` over the full chunks of `total`, and the smaller last one. */
function sumOverChunks(total: number, chunkSize: number, of: (size: number) => number): number {
  const rest = total % chunkSize;
  return Math.floor(total / chunkSize) * of(chunkSize) + (rest > 0 ? of(rest) : 0);
}
