import { MAX_TRANSACTION_WRITES } from '../functions/core/ledger/table.ts';
import { MAX_BATCH_ENTRIES } from '../functions/core/queue/queue.ts';
import { SLICE_MESSAGES } from '../functions/core/schedule/enqueue.ts';
import { LEDGER_TTL_DAYS } from '../infra-cdk/settings/limits.ts';
import { batchMs, LOG_BYTES, MESSAGE_ITEM_BYTES, SCHEDULER_MS } from './overheads.ts';
import { packedBy, packingOf, type Sizing } from './packing.ts';
import { type Usage, usageOf } from './prices.ts';

/** A write in a transaction counts twice, once to prepare it and once to commit it; all items here are below 1 kB. */
export const UNITS_PER_WRITE = 2;

/** A day's part of the month that AWS prices storage by (730 hours). */
const MONTHS_A_DAY = 24 / 730;

/** What the scheduler's firing takes when nothing is due: it reads the schedule twice and the run once (functions/core/schedule/fire.ts). */
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
 * What a tick's jobs take beyond the firing, when each works at its first try and all are in the queue before the
 * workers come. (Workers that come while it is being enqueued read the tick again now and then, at a read unit each.)
 */
export function usageOfTick(x: number, sizing: Sizing, workMs: number): Usage {
  const { messages, batches, slices } = packingOf(x, sizing);
  const queue = sumOver(batchesOf(messages, sizing.batchSize), (size) => Math.ceil(size / MAX_BATCH_ENTRIES));
  return usageOf({
    sqsSends: sumOver(piecesOf(messages, SLICE_MESSAGES), (size) => Math.ceil(size / MAX_BATCH_ENTRIES)),
    sqsReceives: queue,
    sqsDeletes: queue,
    ledgerWriteUnits: UNITS_PER_WRITE * (tickWrites(slices) + countingWrites(messages, sizing.batchSize)),
    // The schedule and the run once more after the tick; by each worker the tick, as it meets its first message, and the
    // counters of its shard, which are its own first of all and less than 4 kB.
    ledgerReadUnits: 2 + 2 * Math.min(sizing.concurrency, batches),
    ledgerGbMonths: ((messages * MESSAGE_ITEM_BYTES) / 1e9) * LEDGER_TTL_DAYS * MONTHS_A_DAY,
    lambdaInvocations: batches,
    lambdaGbSeconds:
      schedulerGbSeconds(messages * SCHEDULER_MS.message) + consumerGbSeconds(x, sizing, workMs),
    logGb: (batches * LOG_BYTES.batch) / 1e9,
  });
}

/** Claiming the tick writes it, the run and the schedule; each slice the run and the tick; closing the tick and the schedule. */
function tickWrites(slices: number): number {
  return 3 + slices * 2 + 2;
}

/** An item a message, and the worker's counter once a transaction (functions/core/ledger/message-records.ts). */
function countingWrites(messages: number, batchSize: number): number {
  const transactions = sumOver(batchesOf(messages, batchSize), (size) =>
    Math.ceil(size / (MAX_TRANSACTION_WRITES - 1)),
  );
  return messages + transactions;
}

function consumerGbSeconds(x: number, sizing: Sizing, workMs: number): number {
  const { batchSize, consumerMemoryMb } = sizing;
  const jobsPerMessage = packedBy(x, sizing);
  const seconds = sumOver(piecesOf(x, batchSize * jobsPerMessage), (jobs) => {
    const messages = Math.ceil(jobs / jobsPerMessage);
    return batchMs({ messages, jobs, workMs, jobConcurrency: sizing.jobConcurrency }) / 1_000;
  });
  return seconds * (consumerMemoryMb / 1_024);
}

/** The scheduler has 1,024 MB (infra-cdk/constructs/scheduler.ts). */
function schedulerGbSeconds(ms: number): number {
  return ms / 1_000;
}

interface Pieces {
  full: number;
  count: number;
  rest: number;
}

const batchesOf = (messages: number, batchSize: number) => piecesOf(messages, batchSize);

function piecesOf(total: number, full: number): Pieces {
  return { full, count: Math.floor(total / full), rest: total % full };
}

function sumOver({ full, count, rest }: Pieces, of: (size: number) => number): number {
  return count * of(full) + (rest > 0 ? of(rest) : 0);
}
