import { setTimeout } from 'node:timers/promises';
import type { ScalingRule } from '../../functions/core/model/scaling.ts';
import { CommandError } from '../terminal/errors.ts';
import { sentence } from '../terminal/format.ts';
import type { Deployment } from './deployment.ts';
import { readStatus, type Status, setRule } from './invoke.ts';

/** Each reading costs one of the 15 control-plane calls per second that an account has ("Lambda quotas"). */
const INTERVAL_MS = 500;

/** An autoscaler works for up to two minutes, and a new one may have to wait for that. */
const MAX_WAIT_MS = 240_000;

/**
 * Sets the rule for the number of workers, and waits until the autoscaler has applied it.
 * @returns the status after that
 * @throws CommandError `not_scaled` when Lambda has refused the change; the rule stays, and is tried again every minute
 */
export async function scale(deployment: Deployment, signal: AbortSignal, rule: ScalingRule): Promise<Status> {
  const { target } = deployment;
  await setRule(deployment, signal, rule);
  const deadline = Date.now() + MAX_WAIT_MS;
  for (;;) {
    const status = await readStatus(deployment, signal);
    const { state, decision } = status.scaling;
    if (state === 'settled') return status;
    if (state === 'refused')
      throw new CommandError(
        'not_scaled',
        sentence(decision?.problem ?? ''),
        `The autoscaler tries again every minute. Follow it (${target.command('status --watch')}), or choose another number: ${target.command('scale N')}`,
      );
    if (Date.now() > deadline)
      throw new CommandError(
        'not_scaled',
        'The autoscaler has not applied the change yet.',
        target.command('logs autoscaler --since 10m'),
      );
    await setTimeout(INTERVAL_MS, undefined, { signal });
  }
}
