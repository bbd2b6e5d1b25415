import type { Sizing } from '../../../plan/packing.ts';

/** The settings of a plan. They are independent of the defaults, which may change. */
export function sizing(some: Partial<Sizing> = {}): Sizing {
  return {
    concurrency: 2,
    batchSize: 10,
    jobsPerMessage: 10,
    jobConcurrency: 10,
    consumerTimeoutSeconds: 10,
    consumerMemoryMb: 512,
    minimumPollers: undefined,
    maximumPollers: undefined,
    ...some,
  };
}
