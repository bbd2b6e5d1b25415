import type { Recommendation, ScalingFigures, ScalingRule } from '../model/scaling.ts';
import type { Timing } from '../model/timing.ts';
import { type Key, readItem, type Table } from './table.ts';

/** What the autoscaler knows and has decided. One item, which outlives runs. */
export interface Scaling {
  /** Set by `drumline scale`; absent if only the deployment's setting applies. */
  rule?: ScalingRule;
  /** The deployment's setting that `rule` overrides. A deployment with another setting ends the rule. */
  overrides?: string;
  /** How long jobs take, for the scheduler, which packs them into messages. */
  timing?: Timing;
  recommendations: Recommendation[];
  /** The last decision that changed something, or tried to. */
  decision?: {
    /** Milliseconds since 1970. */
    at: number;
    /** Workers before and after. */
    from: number | null;
    to: number;
    reason: string;
    figures: Omit<ScalingFigures, 'recommendations'>;
    /** Why Lambda has refused the change, if it has. */
    problem?: string;
  };
}

export const SCALING_KEY: Key = { pk: 'SCALING', sk: 'SCALING' };

/** Reads the state of the autoscaler; without recommendations if it never ran. @throws Unavailable */
export async function readScaling(table: Table): Promise<Scaling> {
  const item = await readItem(table, SCALING_KEY);
  if (!item) return { recommendations: [] };
  const { pk: _, sk: __, ...scaling } = item;
  return { recommendations: [], ...(scaling as Partial<Scaling>) };
}
