import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import type { Settings } from '../../infra-cdk/settings/settings.ts';
import { count } from '../terminal/figures.ts';
import { BOOTSTRAP_STACK } from './cdk.ts';
import type { Check } from './check.ts';
import { readConcurrency } from './concurrency.ts';
import { otherVersion } from './deploy.ts';
import { findDeployment, findStack } from './deployment.ts';
import type { Target } from './target.ts';

/** What Lambda keeps for functions that have none reserved ("Configuring reserved concurrency", its guide says). */
export const KEPT_UNRESERVED = 100;

/** Asks the account for what a deployment with these settings needs. */
export async function checkAccount(
  target: Target,
  settings: Settings,
  signal: AbortSignal,
): Promise<Check[]> {
  const [account, toolkit, deployment] = await Promise.all([
    target.clients.lambda.send(new GetAccountSettingsCommand({}), { abortSignal: signal }),
    findStack(target, BOOTSTRAP_STACK, signal),
    findDeployment(target, signal).catch(otherVersion),
  ]);
  const { ConcurrentExecutions: limit = 0, UnreservedConcurrentExecutions: unreserved = 0 } =
    account.AccountLimit ?? {};
  const reserved = deployment ? ((await readConcurrency(deployment, signal)).reserved ?? 0) : 0;
  return [
    concurrencyCheck({ limit, unreserved, reserved, wanted: settings.concurrency }),
    {
      name: 'CDK bootstrap',
      ok: toolkit !== undefined,
      found: toolkit?.StackStatus ?? 'none',
      ...(!toolkit && { advice: 'The first deploy makes it; or run npx cdk bootstrap.' }),
    },
  ];
}

/**
 * Whether so many workers can be reserved.
 * @param reserved what the consumer has already, and would give up for `wanted`
 */
export function concurrencyCheck(of: {
  limit: number;
  unreserved: number;
  reserved: number;
  wanted: number;
}): Check {
  const { limit, unreserved, reserved, wanted } = of;
  const room = unreserved + reserved - KEPT_UNRESERVED;
  const most = Math.max(0, room);
  const ok = wanted <= most;
  return {
    name: 'Lambda concurrency',
    ok,
    found: `${count(limit)} in the account, ${count(unreserved)} not reserved; room for ${count(most)} of ${count(wanted)} workers`,
    ...(!ok && {
      advice: `Take ${most > 0 ? `concurrency=${most} or fewer` : 'no workers'} for now, or ask AWS (Service Quotas, Lambda) for at least ${count(limit + wanted - room)} "Concurrent executions".`,
    }),
  };
}
