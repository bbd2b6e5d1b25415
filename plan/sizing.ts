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
