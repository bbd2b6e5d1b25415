import type { DecisionRecord, Scaling } from '../ledger/scaling.ts';
import type { ScalingRule } from '../model/scaling.ts';
import { ruleInForce, type ScalingSettings } from './rule-in-force.ts';

/** What the autoscaler does. Times are ISO 8601. */
export interface ScalingStatus {
  /** The deployment's setting `autoscale`; empty for none. */
  setting: string;
  /** The rule in force; null if there is none, so that nothing changes the number of workers. */
  rule: ScalingRule | null;
  /**
   * `changing`: the rule is new, or Lambda is being changed. `refused`: the last decision could not be carried out; the
   * next one tries again. Otherwise `settled`.
   */
  state: 'settled' | 'changing' | 'refused';
  /** The last decision; null before the first. */
  decision: ReportedDecision | null;
  /** The last decision that changed something, or tried to. */
  change: ReportedDecision | null;
}

/** A decision and what it was made from. */
export interface ReportedDecision extends Omit<DecisionRecord, 'at'> {
  at: string;
}

/** Reports the state of the autoscaler. */
export function scalingStatus(scaling: Scaling, settings: ScalingSettings): ScalingStatus {
  const rule = ruleInForce(scaling, settings);
  const setting = settings.autoscale;
  if (!rule) return { setting, rule: null, state: 'settled', decision: null, change: null };
  return {
    setting,
    rule,
    state: stateOf(scaling),
    decision: reported(scaling.decision),
    change: reported(scaling.change),
  };
}

function stateOf({ isNew, lease, decision }: Scaling): ScalingStatus['state'] {
  if (isNew || !decision) return 'changing';
  // A refused change has a lease that has ended: the next decision completes the change.
  if (decision.problem !== undefined) return 'refused';
  return lease ? 'changing' : 'settled';
}

function reported(decision: DecisionRecord | undefined): ReportedDecision | null {
  return decision ? { ...decision, at: new Date(decision.at).toISOString() } : null;
}
