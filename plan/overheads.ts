/**
 * What a batch takes beside its jobs' own work, in milliseconds. These are the plan's only measured numbers, and they
 * stand in this one place: renew them here when docs/benchmarks.md is renewed.
 *
 * Source: `npm run bench:worker` (2 cores, Node.js 20, a local Elasticsearch and emulator, 2026-11-24; the table in
 * docs/benchmarks.md): the medians of batches of up to ten messages are within 30 % of this. A busier machine
 * takes two or three times as long. AWS is another machine: there they are guesses.
 */
export const BATCH_MS = {
  /** One bulk, one transaction, parsing: what a batch of one message with one job takes. */
  fixed: 7,
  /** More for each message: its item in the transaction. */
  message: 0.2,
  /** More for each job: its document in the bulk. */
  job: 0.017,
  /** From a batch’s end to the next one’s begin, at most: the mapping deletes, receives and invokes. The emulator’s. */
  between: 50,
};

/** How long one request takes, in milliseconds: what a batch's bulk and its transaction take at the least. Source: as above. */
export const REQUEST_MS = { elasticsearch: 3.5, dynamo: 3.4 };

/** What the scheduler takes, in milliseconds. Source: `npm run bench:scheduler`, as above. */
export const SCHEDULER_MS = {
  /** A firing that finds nothing due. */
  firing: 20,
  /** More for each message that it sends, ten to a call and ten calls at a time. */
  message: 0.09,
};

/** A worker's first batch comes later by this: Lambda makes its environment, Node loads the bundle. A guess for AWS. */
export const COLD_START_MS = 500;

/**
 * Bytes that a batch and a firing leave in the logs: their JSON line, and Lambda's own START, END and REPORT lines.
 * Source: the log groups of a deployment on the emulator; `test/e2e/plan.test.ts` looks whether it is still so.
 */
export const LOG_BYTES = { batch: 850, firing: 720 };

/**
 * Bytes of a message's ledger item, with the 100 that DynamoDB adds to each for its index ("DynamoDB item sizes and
 * formats", its developer guide); numbers at their largest.
 */
export const MESSAGE_ITEM_BYTES = 200;

/** Bytes of a message in an event that Lambda is invoked with: its body, its receipt, its attributes. A guess, on the large side. */
export const EVENT_BYTES = 1_000;

/** A batch as its time depends on it. */
export interface BatchShape {
  messages: number;
  jobs: number;
  /** How long a job waits for what it does, in milliseconds. */
  workMs: number;
  jobConcurrency: number;
}

/** How long the jobs of a batch take, so many at a time. */
export function workMsOfBatch({ jobs, workMs, jobConcurrency }: BatchShape): number {
  return Math.ceil(jobs / jobConcurrency) * workMs;
}

/**
 * How long a worker is at a batch:
 *
 *     work, jobConcurrency at a time │ one bulk │ one transaction
 */
export function batchMs(batch: BatchShape): number {
  const { messages, jobs } = batch;
  return BATCH_MS.fixed + BATCH_MS.message * messages + BATCH_MS.job * jobs + workMsOfBatch(batch);
}
