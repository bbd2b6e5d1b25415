import { COUNTER_SHARDS } from '../functions/core/ledger/counters.ts';
import { BATCH_MS as PACKED_BATCH_MS } from '../functions/core/model/packing.ts';
import { COUNTER_ITEM_BYTES, LOG_BYTES, LOG_EVENT_BYTES, STATUS_BYTES, STATUS_MS } from './overheads.ts';
import { dollarsOf, scaleUsage, totalDollars, type Usage, usageOf } from './prices.ts';

/** Bytes of a strongly consistent read unit ("DynamoDB read and write operations", developer guide). */
const READ_UNIT_BYTES = 4_096;

const SECONDS_PER_DAY = 86_400;

/**
 * Usage of one question to the status function: "How is the current run?" It reads the schedule, the state of the
 * autoscaler, the run (a read unit each), the counters in all partitions, and the tick of the oldest pending job by a binary
 * search (functions/core/ledger/totals.ts). A Query that finds little takes a read unit, too. A run over a list takes one
 * more. The function asks SQS about two queues, and Lambda for the reserved concurrency, which is free. It logs nothing.
 * @param workers workers that hold a counter of the run
 * @param ticks ticks that the run has fired
 */
export function usageOfPoll({ workers, ticks = 1 }: { workers: number; ticks?: number }): Usage {
  const counterBytes = (workers / COUNTER_SHARDS) * COUNTER_ITEM_BYTES;
  return usageOf({
    lambdaInvocations: 1,
    // It has 256 MB (infra-cdk/constructs/drumline-function.ts).
    lambdaGbSeconds: ((STATUS_MS.fixed + STATUS_MS.worker * workers) / 1_000) * 0.25,
    ledgerReadUnits:
      3 + COUNTER_SHARDS * Math.max(1, Math.ceil(counterBytes / READ_UNIT_BYTES)) + searchReads(ticks),
    sqsStatusRequests: 2,
    transferGb: (STATUS_BYTES.fixed + STATUS_BYTES.worker * workers) / 1e9,
  });
}

/** Maximum reads of `findTickOf` (functions/core/ledger/ticks.ts). */
function searchReads(ticks: number): number {
  return ticks > 0 ? Math.floor(Math.log2(ticks)) + 1 : 0;
}

/**
 * Seconds of logs that one reading asks for on AWS: those since the last reading (dashboard/server/live.ts), and an overlap of
 * 10 s, or of 60 s every 12th time, for lines that CloudWatch shows late (dashboard/server/deployed-cloud.ts).
 */
export const LOG_READING_SECONDS = { interval: 5, overlap: (11 * 10 + 60) / 12 };

/**
 * Usage of reading the logs of a day, if all workers are busy with batches of automatic packing: what is sent to the
 * internet. Because readings overlap, a line is sent about four times. The calls (FilterLogEvents) have no price of their
 * own: the page "Amazon CloudWatch pricing" has prices for collecting, storing, querying and tailing logs, and for requests
 * that concern metrics. It charges for transfer as "Amazon EC2 On-Demand Pricing" does: 0.09 dollars a GB, after 100 GB a
 * month that are free for all services and regions of an account together.
 */
function usageOfLogReading(workers: number): Usage {
  const batches = (workers * SECONDS_PER_DAY * 1_000) / PACKED_BATCH_MS;
  const minutes = SECONDS_PER_DAY / 60;
  const bytes =
    batches * LOG_BYTES.batch +
    minutes * (LOG_BYTES.firing + LOG_BYTES.decision) +
    (batches + 2 * minutes) * LOG_EVENT_BYTES;
  const { interval, overlap } = LOG_READING_SECONDS;
  return usageOf({ transferGb: (bytes / 1e9) * ((interval + overlap) / interval) });
}

/** What it costs to read the logs of a day, in dollars: a part of `pollingPerDay`. */
export function logReadingPerDay(workers: number): number {
  return totalDollars(dollarsOf(usageOfLogReading(workers)));
}

/** How often a page asks, and about how many workers. */
export interface Polling {
  workers: number;
  intervalSeconds: number;
  /** Ticks that the run has fired. @default 1,000 */
  ticks?: number;
}

/**
 * What a page that is visible all day costs on AWS, in dollars: its polls, and the log lines that it reads meanwhile if all
 * workers are busy. AWS's free 100 GB of transfer a month (9 dollars) are not taken off.
 */
export function pollingPerDay({ workers, intervalSeconds, ticks = 1_000 }: Polling): number {
  const polls = scaleUsage(usageOfPoll({ workers, ticks }), SECONDS_PER_DAY / intervalSeconds);
  return totalDollars(dollarsOf(polls)) + logReadingPerDay(workers);
}
