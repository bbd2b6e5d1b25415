import { isFixed, type ScalingRule } from '../../functions/core/model/scaling.ts';
import type { Status } from '../../functions/status.ts';
import { count, counted, ruleText } from '../terminal/format.ts';

// The number of workers and its changes in words. The dashboard's page shows them, too, so this needs neither Node nor a
// terminal.

type Concurrency = Status['concurrency'];

/** What `scale` has changed: `2 → 4 workers.` or `There are up to 4 workers, as before.`; with the rule unless it is a fixed number. */
export function scaledText(
  rule: ScalingRule,
  before: Concurrency,
  { concurrency, scaling }: Pick<Status, 'concurrency' | 'scaling'>,
): string {
  const now = concurrency ?? 0;
  const change =
    before === concurrency
      ? `There are up to ${counted(now, 'worker')}, as before.`
      : `${changeText(before, now)}.`;
  if (isFixed(rule)) return change;
  return `From now on there are ${ruleText(rule)}.\n${change} ${scaling.decision?.reason ?? ''}`;
}

/** `2 → 4 workers` or `no limit → 1 worker`. */
export function changeText(from: Concurrency, to: number | undefined): string {
  return `${from == null ? 'no limit' : count(from)} → ${to === undefined ? '?' : counted(to, 'worker')}`;
}
