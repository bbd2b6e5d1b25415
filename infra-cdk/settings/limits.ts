import type { SettingName, Settings } from './settings.ts';

/** A setting that is fine by itself and doesn't go with AWS's quotas, or with another one. */
export interface SettingProblem {
  name: SettingName;
  /** What is wrong, and what is allowed. */
  message: string;
}

/** Messages in flight: received and not yet deleted (SQS's quota for a standard queue). */
export const MAX_IN_FLIGHT = 120_000;

/** What the settings are together that AWS doesn't take, or that would not work. */
export function crossSettingProblems(settings: Settings): SettingProblem[] {
  return [...timeTroubles(settings), ...queueTroubles(settings), ...networkTroubles(settings)];
}

function timeTroubles({
  visibilityTimeoutSeconds: visible,
  consumerTimeoutSeconds: timeout,
}: Settings): SettingProblem[] {
  if (visible === undefined || visible >= timeout) return [];
  return [
    {
      name: 'visibilityTimeoutSeconds',
      message: `at least consumerTimeoutSeconds (${timeout}), or messages come back while they are worked on`,
    },
  ];
}

function queueTroubles({
  concurrency,
  batchSize,
  minimumPollers: least,
  maximumPollers: most,
}: Settings): SettingProblem[] {
  const troubles: SettingProblem[] = [];
  if (concurrency * batchSize > MAX_IN_FLIGHT) {
    troubles.push({
      name: 'batchSize',
      message: `at most ${Math.floor(MAX_IN_FLIGHT / concurrency)} with a concurrency of ${concurrency}: SQS has ${MAX_IN_FLIGHT} messages in flight`,
    });
  }
  if (least !== undefined && most !== undefined && least > most) {
    troubles.push({ name: 'minimumPollers', message: `at most maximumPollers (${most})` });
  }
  return troubles;
}

function networkTroubles(settings: Settings): SettingProblem[] {
  const { vpcId, subnetIds, securityGroupIds, elasticsearchCaFile, elasticsearchUrl } = settings;
  const troubles: SettingProblem[] = [];
  if (vpcId !== '' && subnetIds === '')
    troubles.push({ name: 'vpcId', message: 'needs subnetIds, the private subnets to run in' });
  if (subnetIds !== '' && vpcId === '')
    troubles.push({ name: 'subnetIds', message: 'needs vpcId, the VPC that they are in' });
  if (securityGroupIds !== '' && vpcId === '')
    troubles.push({ name: 'securityGroupIds', message: 'needs vpcId, the VPC that they are in' });
  if (elasticsearchCaFile !== '' && !elasticsearchUrl.startsWith('https:'))
    troubles.push({ name: 'elasticsearchCaFile', message: `needs an https URL, not ${elasticsearchUrl}` });
  return troubles;
}
