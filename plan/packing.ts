import { jobsPerMessageOf, MIN_MESSAGES_PER_TICK } from '../functions/core/model/packing.ts';
import { SLICE_MESSAGES } from '../functions/core/schedule/enqueue.ts';
import type { Settings } from '../infra-cdk/settings/settings.ts';

const NAMES = [
  'concurrency',
  'batchSize',
  'jobsPerMessage',
  'jobConcurrency',
  'consumerTimeoutSeconds',
  'consumerMemoryMb',
  'minimumPollers',
  'maximumPollers',
] as const satisfies (keyof Settings)[];

/** The settings that decide the speed and the cost of a deployment. */
export type Sizing = Pick<Settings, (typeof NAMES)[number]>;

/** Selects the sizing from all settings. */
export function sizingOf(settings: Settings): Sizing {
  return Object.fromEntries(NAMES.map((name) => [name, settings[name]])) as Sizing;
}

/** How the jobs of a tick are packed. */
export interface Packing {
  messages: number;
  batches: number;
  /** The scheduler claims and sends a tick's messages in slices. */
  slices: number;
  /** Messages of a full batch. */
  batchMessages: number;
  /** Jobs of a full batch. */
  batchJobs: number;
}

/**
 * Packs the `x` jobs of a tick into full batches. Batches are full while the queue holds more than one of them.
 * @param workMs how long a job takes, in milliseconds
 */
export function packingOf(x: number, sizing: Sizing, workMs: number): Packing {
  const { batchSize } = sizing;
  const jobsPerMessage = effectiveJobsPerMessage(x, sizing, workMs);
  const messages = Math.ceil(x / jobsPerMessage);
  return {
    messages,
    batches: Math.ceil(messages / batchSize),
    slices: Math.ceil(messages / SLICE_MESSAGES),
    batchMessages: Math.min(messages, batchSize),
    batchJobs: Math.min(x, batchSize * jobsPerMessage),
  };
}

/**
 * Jobs per message in a tick of `x` jobs: fewer than the setting if the tick is small. With `auto`: as in a tick whose jobs'
 * duration was measured before.
 */
export function effectiveJobsPerMessage(x: number, sizing: Sizing, workMs: number): number {
  const { jobsPerMessage, batchSize, jobConcurrency, consumerTimeoutSeconds, concurrency } = sizing;
  const minMessages = MIN_MESSAGES_PER_TICK;
  if (jobsPerMessage !== 'auto') return jobsPerMessageOf(x, { jobsPerMessage, minMessages });
  const timeoutMs = consumerTimeoutSeconds * 1_000;
  const capacity = { batchSize, jobConcurrency, timeoutMs, workers: concurrency };
  return jobsPerMessageOf(
    x,
    { jobsPerMessage, minMessages, autoscale: '', ...capacity },
    { timing: { jobMs: workMs } },
  );
}
