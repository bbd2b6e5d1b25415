import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { parseRule } from '../../functions/core/model/scaling.ts';
import type { SettingName, Settings } from './settings.ts';

/** Maximum messages in flight: received and not yet deleted (SQS's quota for a standard queue). */
export const MAX_IN_FLIGHT = 120_000;

/** The name of a wrong setting, and what it must be. */
export type SettingProblem = [name: SettingName, message: string];

/** The settings that are valid alone but not together, because of an AWS quota or of each other. */
export function crossSettingProblems(settings: Settings): SettingProblem[] {
  return [...timeProblems(settings), ...queueProblems(settings), ...networkProblems(settings)];
}

function timeProblems({ visibilityTimeoutSeconds, consumerTimeoutSeconds }: Settings): SettingProblem[] {
  if (visibilityTimeoutSeconds === undefined || visibilityTimeoutSeconds >= consumerTimeoutSeconds) return [];
  return [
    [
      'visibilityTimeoutSeconds',
      `must be at least consumerTimeoutSeconds (${consumerTimeoutSeconds}); otherwise SQS delivers messages again while a worker still has them`,
    ],
  ];
}

/** The largest number of workers that the settings ask for. */
export function mostWorkersOf({ autoscale, concurrency }: Settings): number {
  return autoscale === '' ? concurrency : Math.max(concurrency, parseRule(autoscale).max);
}

function queueProblems(settings: Settings): SettingProblem[] {
  const { batchSize, minimumPollers, maximumPollers } = settings;
  const workers = mostWorkersOf(settings);
  const problems: SettingProblem[] = [];
  if (workers * batchSize > MAX_IN_FLIGHT) {
    const max = Math.floor(MAX_IN_FLIGHT / workers);
    problems.push([
      'batchSize',
      `must be at most ${max} with a concurrency of ${workers}: SQS allows ${MAX_IN_FLIGHT} messages in flight`,
    ]);
  }
  if (minimumPollers !== undefined && maximumPollers !== undefined && minimumPollers > maximumPollers)
    problems.push(['minimumPollers', `must be at most maximumPollers (${maximumPollers})`]);
  return problems;
}

function networkProblems(settings: Settings): SettingProblem[] {
  const { vpcId, subnetIds, securityGroupIds, elasticsearchCaFile, elasticsearchUrl } = settings;
  const problems: SettingProblem[] = [];
  if (vpcId !== '' && subnetIds === '')
    problems.push(['vpcId', 'needs subnetIds, the private subnets in which the functions run']);
  if (subnetIds !== '' && vpcId === '') problems.push(['subnetIds', 'needs vpcId, the VPC of the subnets']);
  if (securityGroupIds !== '' && vpcId === '')
    problems.push(['securityGroupIds', 'needs vpcId, the VPC of the security groups']);
  if (elasticsearchCaFile !== '' && !elasticsearchUrl.startsWith('https:'))
    problems.push(['elasticsearchCaFile', `needs an https URL in elasticsearchUrl, not ${elasticsearchUrl}`]);
  return problems;
}

/** Why a URL is not accepted, if it is not. The URL appears in outputs, variables and logs, and the API key is sent to it. */
export function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined; // The schema reports it.
  const { protocol, username, password, hostname } = new URL(text);
  if (username !== '' || password !== '')
    return 'must not contain a user or password, because outputs, variables and logs show it; store an API key in Secrets Manager and name the secret in elasticsearchApiKeySecret';
  if (protocol === 'http:' && !isPrivate(hostname))
    return 'must use https: plain http is accepted only on a private network';
  return undefined;
}

/** Whether the host of a URL is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/**
 * Whether a host is this machine or on a private network: an address of RFC 1918 or RFC 4193, a name without a dot (a
 * container on its network), or a name in a private zone.
 */
export function isPrivate(hostname: string): boolean {
  if (isIPv4(hostname)) return /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(hostname);
  if (hostname.startsWith('[')) return /^\[(::1\]|f[cd])/.test(hostname);
  return !hostname.includes('.') || /\.(internal|local|localhost)$/.test(hostname);
}

/** Why a file is not accepted as the certificate of an authority, if it is not. */
export function certificateProblem(file: string): string | undefined {
  try {
    const certificate = new X509Certificate(readFileSync(file));
    // A self-signed certificate is its own authority.
    return certificate.ca || certificate.checkIssued(certificate)
      ? undefined
      : 'is not the certificate of an authority; use the certificate that signed Elasticsearch’s';
  } catch {
    return 'must be a PEM file with the certificate of an authority';
  }
}
