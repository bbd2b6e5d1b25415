import type { ScalingSettings } from '../core/scaling/rule-in-force.ts';
import type { Environment } from './environment.ts';

/** The variables of the deployment's settings for scaling. */
export const SCALING_VARIABLES = ['DRUMLINE_AUTOSCALE', 'DRUMLINE_DRAIN_WITHIN_SECONDS'] as const;

export function scalingSettings({
  DRUMLINE_AUTOSCALE: autoscale,
  DRUMLINE_DRAIN_WITHIN_SECONDS: drainWithinSeconds,
}: Environment<(typeof SCALING_VARIABLES)[number]>): ScalingSettings {
  return { autoscale, ...(drainWithinSeconds !== '' && { drainWithinSeconds }) };
}
