import pRetry from 'p-retry';
import { ConditionFailed } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { Recommendation, ScalingFigures, ScalingRule } from '../model/scaling.ts';
import type { Timing } from '../model/timing.ts';
import { type Key, readItem, type Table, transact } from './table.ts';

/** What the autoscaler knows and has decided. One item, which outlives runs. */
export interface Scaling {
  /** Set by `drumline scale`; absent if only the deployment's setting applies. */
  rule?: ScalingRule;
  /** The deployment's setting that `rule` overrides. A deployment with another setting ends the rule. */
  overrides?: string;
  /** Whether no autoscaler has seen `rule` yet. */
  isNew?: boolean;
  /** How long jobs take, for the scheduler, which packs them into messages. */
  timing?: Timing;
  recommendations: Recommendation[];
  /** The last decision. */
  decision?: DecisionRecord;
  /** The last decision that changed something, or tried to. */
  change?: DecisionRecord;
  /**
   * Held while Lambda is being changed, so that there is one change at a time. A lease that has expired belongs to a
   * change that was not completed: the next decision makes it complete.
   */
  lease?: { holder: string; until: number };
  /** The newest run of which all jobs are counted, so that it is not read again. */
  drained?: RunId;
}

/** A decision as it was logged. */
export interface DecisionRecord {
  /** Milliseconds since 1970. */
  at: number;
  /** Workers before and after. Without `to`, nothing was decided, because a figure is missing; null is no limit. */
  from: number | null | undefined;
  to?: number;
  reason: string;
  figures: Omit<ScalingFigures, 'now' | 'recommendations'>;
  /** Why the change could not be made, as a sentence. The next decision tries again. */
  problem?: string;
}

/** Maximum retries of a change that met another one. Few functions change the item, each about once a minute. */
const MAX_RETRIES = 5;

export const SCALING_KEY: Key = { pk: 'SCALING', sk: 'SCALING' };

/** Reads the state of the autoscaler; without recommendations if it never ran. @throws Unavailable */
export async function readScaling(table: Table): Promise<Scaling> {
  return (await readVersion(table)).scaling;
}

/**
 * Changes the state of the autoscaler. If something else changes it at the same time, it is read and edited again.
 * @param edit returns the new state, or undefined to leave it as it is; may be called several times
 * @returns the state afterwards
 * @throws ConditionFailed when others kept interfering
 * @throws Unavailable
 */
export async function changeScaling(
  table: Table,
  edit: (scaling: Scaling) => Scaling | undefined | Promise<Scaling | undefined>,
): Promise<Scaling> {
  return pRetry(
    async () => {
      const { scaling, version } = await readVersion(table);
      const changed = await edit(scaling);
      if (!changed) return scaling;
      await transact(table, [
        {
          Put: {
            TableName: table.name,
            Item: { ...SCALING_KEY, ...changed, version: version + 1 },
            ConditionExpression: 'attribute_not_exists(pk) OR version = :read',
            ExpressionAttributeValues: { ':read': version },
          },
        },
      ]);
      return changed;
    },
    {
      retries: MAX_RETRIES,
      minTimeout: table.conflictDelayMs,
      randomize: true,
      shouldRetry: ({ error }) => error instanceof ConditionFailed,
    },
  );
}

async function readVersion(table: Table): Promise<{ scaling: Scaling; version: number }> {
  const { pk: _, sk: __, version = 0, ...scaling } = (await readItem(table, SCALING_KEY)) ?? {};
  return { scaling: { recommendations: [], ...(scaling as Partial<Scaling>) }, version: version as number };
}
