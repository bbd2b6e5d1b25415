/**
 * Time that a batch takes in addition to the work of its jobs, in milliseconds. The numbers in this file are the only
 * measured ones of the plan. Update them together with docs/benchmarks.md.
 *
 * Source: `npm run bench:worker` (2 cores, Node.js 20, a local Elasticsearch and emulator, 2026-11-24; the table in
 * docs/benchmarks.md). The medians of batches of up to ten messages are within 30 % of these numbers. A busier machine
 * takes two or three times as long. For AWS the numbers are guesses, because it is a different machine.
 */
export const BATCH_MS = {
  /** One bulk request, one transaction, parsing: a batch of one message with one job. */
  fixed: 7,
  /** More per message: its item in the transaction. */
  message: 0.2,
  /** More per job: its document in the bulk request. */
  job: 0.017,
  /** Maximum time from the end of a batch to the start of the next: delete, receive, invoke. Measured on the emulator. */
  between: 50,
};

/**
 * Minimum duration of a batch's bulk request and of its transaction, in milliseconds. Source: as above. S3: what AWS states for
 * small objects, 100 to 200 ms ("Best practices design patterns: optimizing Amazon S3 performance").
 */
export const REQUEST_MS = { elasticsearch: 3.5, dynamo: 3.4, s3: 100 };

/** Time that the scheduler takes, in milliseconds. Source: `npm run bench:scheduler`, as above. */
export const SCHEDULER_MS = {
  /** A firing with no tick due. */
  firing: 20,
  /** More per message sent, with ten messages per call and ten calls at a time. */
  message: 0.09,
};

/** Delay of a worker's first batch, in milliseconds: Lambda creates the environment, and Node.js loads the bundle. A guess for AWS. */
export const COLD_START_MS = 500;

/**
 * Bytes that a batch, a firing with nothing due and a decision of the autoscaler write to the logs: their JSON line, with its metrics.
 * Lambda's START, END and REPORT lines, 260 bytes more, are off on AWS (infra-cdk/constructs/drumline-function.ts); the
 * emulator writes them all the same. A decision takes less if the number of workers is fixed. Source: the log groups of a
 * deployment on the emulator, 2026-11-25. `test/e2e/plan.test.ts` checks the first two numbers.
 */
export const LOG_BYTES = { batch: 860, firing: 440, decision: 900 };

/** Bytes by which CloudWatch's answer to a reader is longer than the line: its stream, its id, two times, and escaped quotes. */
export const LOG_EVENT_BYTES = 300;

/**
 * Time and bytes of an answer of the status function, and what each worker with a counter adds. Source: one round on the
 * emulator with 60 reads, 2026-11-25, on 2 cores: 22 ms and 868 bytes with 1 worker, 74 ms and 79,786 bytes with 1,000, through
 * a proxy that counts requests. A decision of the autoscaler adds to the bytes. A function with 256 MB has a seventh of a CPU on
 * AWS, so `worker` is five times what was measured. For AWS the times are guesses.
 */
export const STATUS_MS = { fixed: 22, worker: 0.25 };
export const STATUS_BYTES = { fixed: 1_500, worker: 80 };

/** Bytes of a worker's counter in the ledger. Added up from its attributes ("DynamoDB item sizes and formats"), not measured. */
export const COUNTER_ITEM_BYTES = 300;

/**
 * Bytes of a message's ledger item with the largest numbers, including the 100 bytes of index overhead that DynamoDB adds
 * to each item ("DynamoDB item sizes and formats", developer guide).
 */
export const MESSAGE_ITEM_BYTES = 200;

/** Bytes of a message in a Lambda event: body, receipt handle, attributes. A guess, rather too high. */
export const EVENT_MESSAGE_BYTES = 1_000;

/** What the duration of a batch depends on. */
export interface BatchShape {
  messages: number;
  jobs: number;
  /** How long a job waits, in milliseconds. */
  workMs: number;
  jobConcurrency: number;
}

/** How long the jobs of a batch take, in milliseconds, with `jobConcurrency` jobs at a time. */
export function workMsOfBatch({ jobs, workMs, jobConcurrency }: BatchShape): number {
  return Math.ceil(jobs / jobConcurrency) * workMs;
}

/**
 * How long a worker takes for a batch, in milliseconds:
 *
 *     work, jobConcurrency at a time │ one bulk │ one transaction
 */
export function batchMs(batch: BatchShape): number {
  const { messages, jobs } = batch;
  return BATCH_MS.fixed + BATCH_MS.message * messages + BATCH_MS.job * jobs + workMsOfBatch(batch);
}
