import type { Scaling } from '../ledger/scaling.ts';
import { parseRule, type ScalingRule } from '../model/scaling.ts';

/** The deployment's settings for scaling. */
export interface ScalingSettings {
  /** The setting `autoscale`: `MIN:MAX`, or empty for none. */
  autoscale: string;
  /** The setting `drainWithinSeconds`; half of the time between two ticks unless given. */
  drainWithinSeconds?: number;
}

/**
 * The rule in force: that of `drumline scale`, until a deployment changes the setting that it overrides; otherwise the
 * setting. Undefined if there is none: the number of workers then stays as it was deployed.
 */
export function ruleInForce(
  { rule, overrides }: Pick<Scaling, 'rule' | 'overrides'>,
  settings: ScalingSettings,
): ScalingRule | undefined {
  const { autoscale, drainWithinSeconds } = settings;
  const deployed = autoscale === '' ? undefined : parseRule(autoscale);
  const chosen = rule && overrides === autoscale ? rule : deployed;
  return chosen && { ...(drainWithinSeconds !== undefined && { drainWithinSeconds }), ...chosen };
}

/** The state with a new rule, which no autoscaler has seen yet. */
export function withRule(scaling: Scaling, rule: ScalingRule, { autoscale }: ScalingSettings): Scaling {
  return { ...scaling, rule, overrides: autoscale, isNew: true };
}
