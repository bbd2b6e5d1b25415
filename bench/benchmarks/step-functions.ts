import { batchMs } from '../../plan/overheads.ts';
import { PRICES } from '../../plan/prices.ts';

/**
 * Prices in us-east-1, in dollars, without free tiers: aws.amazon.com/step-functions/pricing, read on 2026-11-25 in
 * articles of 2026 that quote it, and not checked against a bill.
 */
const STEP_FUNCTIONS = {
  /** A state transition of a Standard workflow. */
  transition: 25 / 1_000_000,
  expressRequest: 1 / 1_000_000,
  /** The first tier. Time is rounded up to 100 ms, and memory to 64 MB. */
  expressGbSecond: 0.00001667,
};

/** A way to run a list on AWS without a queue: each child or invocation gets a batch of items. */
export interface Alternative {
  via: 'Standard' | 'Express' | 'Lambda alone';
  itemsPerBatch: number;
}

/** Distributed Map's ItemBatcher passes at most 256 KiB of items to a child: about 1,200 items of 200 bytes. */
export const ALTERNATIVES: readonly Alternative[] = (
  ['Standard', 'Express', 'Lambda alone'] as const
).flatMap((via) => [50, 500].map((itemsPerBatch) => ({ via, itemsPerBatch })));

/**
 * What a list costs with Step Functions' Distributed Map, or with invocations of a function alone. Not included: reading
 * the list from S3 (a few requests), the results of children, and counting.
 *
 * Each batch is one child with one state that invokes a function. "You'll be charged one state transition for each child
 * workflow execution that the Distributed Map state starts" (developer guide, "Transitions in Distributed Map state"). A
 * Standard child then pays for its state, an Express child for its request and its duration.
 * @param workMs how long a job waits, ten jobs at a time
 * @returns dollars
 */
export function alternativeDollars(
  { via, itemsPerBatch: jobs }: Alternative,
  { items, workMs, memoryMb }: { items: number; workMs: number; memoryMb: number },
): { stepFunctions: number; lambda: number } {
  const batches = Math.ceil(items / jobs);
  const ms = batchMs({ messages: 1, jobs, workMs, jobConcurrency: 10 });
  const gbSeconds = batches * (ms / 1_000) * (memoryMb / 1_024);
  const { lambdaInvocations, lambdaGbSeconds } = PRICES;
  const { transition, expressRequest, expressGbSecond } = STEP_FUNCTIONS;
  const expressSeconds = Math.ceil(ms / 100) / 10;
  const perBatch = {
    Standard: 2 * transition,
    Express: transition + expressRequest + expressSeconds * (64 / 1_024) * expressGbSecond,
    'Lambda alone': 0,
  };
  return {
    stepFunctions: batches * perBatch[via],
    lambda:
      (batches / lambdaInvocations.per) * lambdaInvocations.dollars + gbSeconds * lambdaGbSeconds.dollars,
  };
}
