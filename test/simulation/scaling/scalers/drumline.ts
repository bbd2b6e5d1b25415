import type { Recommendation, ScalingRule } from '../../../../functions/core/model/scaling.ts';
import { decide } from '../../../../functions/core/scaling/decide.ts';
import type { Scaler } from '../scaler.ts';

/** Drumline's own rule. @param rule replaces the deployed one, to see that the simulation refutes wrong rules */
export function drumline(bounds: ScalingRule, rule: typeof decide = decide): Scaler {
  let recommendations: Recommendation[] = [];
  return {
    name: 'Drumline',
    everyMs: 60_000,
    atTicks: true,
    decide({ figures }) {
      const decision = rule(bounds, { ...figures, recommendations });
      recommendations = decision.recommendations;
      return decision.workers;
    },
  };
}
