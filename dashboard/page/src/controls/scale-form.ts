import { isFixed, type ScalingRule } from '../../../../functions/core/model/scaling.ts';
import type { Status } from '../../../../functions/status.ts';
import type { Change } from '../../../protocol.ts';

/** What the form for the number of workers contains: the texts of its fields. */
export interface ScaleForm {
  kind: 'fixed' | 'range';
  workers: string;
  min: string;
  max: string;
  /** Empty for half of the time between two ticks. */
  drainWithinSeconds: string;
}

/** The form with the rule in force. */
export function scaleFormOf({ concurrency, scaling }: Pick<Status, 'concurrency' | 'scaling'>): ScaleForm {
  const { rule } = scaling;
  const workers = rule && isFixed(rule) ? rule.max : (concurrency ?? 1);
  return {
    kind: rule && !isFixed(rule) ? 'range' : 'fixed',
    workers: String(workers),
    min: String(rule && !isFixed(rule) ? rule.min : 1),
    max: String(rule && !isFixed(rule) ? rule.max : Math.max(2, workers)),
    drainWithinSeconds: String(rule?.drainWithinSeconds ?? ''),
  };
}

/** The rule that the form asks for. The control function checks it. */
export function ruleOf({ kind, workers, min, max, drainWithinSeconds }: ScaleForm): ScalingRule {
  if (kind === 'fixed') return { min: Number(workers), max: Number(workers) };
  const within = drainWithinSeconds !== '' && { drainWithinSeconds: Number(drainWithinSeconds) };
  return { min: Number(min), max: Number(max), ...within };
}

export function scaleOf(form: ScaleForm): Change {
  return { action: 'scale', ...ruleOf(form) };
}

/** The number after − or +. @param by 1 or −1 @param limit the largest number that is allowed */
export function stepped(text: string, by: number, limit: number): string {
  const number = Math.trunc(Number(text)) || 0;
  return String(Math.min(limit, Math.max(1, number + by)));
}
