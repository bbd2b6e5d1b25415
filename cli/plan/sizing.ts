import type { Settings } from '../../infra-cdk/settings.ts';

/** The settings that decide how fast and how dear a deployment is. */
export type Sizing = Pick<
  Settings,
  | 'concurrency'
  | 'batchSize'
  | 'jobsPerMessage'
  | 'jobConcurrency'
  | 'consumerTimeoutSeconds'
  | 'consumerMemoryMb'
  | 'minimumPollers'
  | 'maximumPollers'
>;
