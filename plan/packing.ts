import { jobsPerMessageOf, MIN_MESSAGES_PER_TICK } from '../functions/core/model/tick.ts';
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

/** The settings that decide how fast and how dear a deployment is. */
export type Sizing = Pick<Settings, (typeof NAMES)[number]>;

/** These of all settings. */
export function sizingOf(settings: Settings): Sizing {
  return Object.fromEntries(NAMES.map((name) => [name, settings[name]])) as Sizing;
}

/** How a tick's jobs are packed. */
export interface Packing {
  messages: number;
  batches: number;
  /** Pieces in which the scheduler claims and sends them. */
  slices: number;
  /** Of a full batch. */
  batchMessages: number;
  batchJobs: number;
}

/** Packed as tightly as the settings allow, which is so while there is more in the queue than a batch takes. */
export function packingOf(x: number, sizing: Sizing): Packing {
  const { batchSize } = sizing;
  const jobsPerMessage = packedBy(x, sizing);
  const messages = Math.ceil(x / jobsPerMessage);
  return {
    messages,
    batches: Math.ceil(messages / batchSize),
    slices: Math.ceil(messages / SLICE_MESSAGES),
    batchMessages: Math.min(messages, batchSize),
    batchJobs: Math.min(x, batchSize * jobsPerMessage),
  };
}

/** How many jobs share a message of a tick of `x`. */
export function packedBy(x: number, { jobsPerMessage }: Pick<Sizing, 'jobsPerMessage'>): number {
  return jobsPerMessageOf(x, { jobsPerMessage, minMessages: MIN_MESSAGES_PER_TICK });
}
