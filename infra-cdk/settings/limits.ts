import type { SettingName, Settings } from './settings.ts';

/** A setting that is fine by itself and doesn't go with AWS's quotas, or with another one. */
export interface LimitTrouble {
  name: SettingName;
  /** What is wrong, and what is allowed. */
  says: string;
}

/** Messages in flight: received and not yet deleted (SQS's quota for a standard queue). */
export const MOST_IN_FLIGHT = 120_000;

/** What the settings are together that AWS doesn't take, or that would not work. */
export function limitTroubles(settings: Settings): LimitTrouble[] {
  return [...timeTroubles(settings), ...queueTroubles(settings), ...networkTroubles(settings)];
}

function timeTroubles({
  visibilityTimeoutSeconds: visible,
  consumerTimeoutSeconds: timeout,
}: Settings): LimitTrouble[] {
  if (visible === undefined || visible >= timeout) return [];
  return [
    {
      name: 'visibilityTimeoutSeconds',
      says: `at least consumerTimeoutSeconds (${timeout}), or messages come back while they are worked on`,
    },
  ];
}

function queueTroubles({
  concurrency,
  batchSize,
  minimumPollers: least,
  maximumPollers: most,
}: Settings): LimitTrouble[] {
  const troubles: LimitTrouble[] = [];
  if (concurrency * batchSize > MOST_IN_FLIGHT) {
    troubles.push({
      name: 'batchSize',
      says: `at most ${Math.floor(MOST_IN_FLIGHT / concurrency)} with a concurrency of ${concurrency}: SQS has ${MOST_IN_FLIGHT} messages in flight`,
    });
  }
  if (least !== undefined && most !== undefined && least > most) {
    troubles.push({ name: 'minimumPollers', says: `at most maximumPollers (${most})` });
  }
  return troubles;
}

function networkTroubles(settings: Settings): LimitTrouble[] {
  const { vpcId, subnetIds, securityGroupIds, elasticsearchCaFile, elasticsearchUrl } = settings;
  const troubles: LimitTrouble[] = [];
  if (vpcId !== '' && subnetIds === '')
    troubles.push({ name: 'vpcId', says: 'needs subnetIds, the private subnets to run in' });
  if (subnetIds !== '' && vpcId === '')
    troubles.push({ name: 'subnetIds', says: 'needs vpcId, the VPC that they are in' });
  if (securityGroupIds !== '' && vpcId === '')
    troubles.push({ name: 'securityGroupIds', says: 'needs vpcId, the VPC that they are in' });
  if (elasticsearchCaFile !== '' && !elasticsearchUrl.startsWith('https:'))
    troubles.push({ name: 'elasticsearchCaFile', says: `needs an https URL, not ${elasticsearchUrl}` });
  return troubles;
}
