import type { Scaler } from '../scaler.ts';

/** Consecutive one-minute periods until the alarms of target tracking act. */
const PERIODS = { up: 3, down: 15 };

/** The alarm for scaling in has a lower threshold. */
const SCALE_IN_SHARE = 0.9;

/**
 * AWS's target tracking of the backlog per instance ("Scaling policy based on Amazon SQS"): the number of workers follows
 * visible messages ÷ workers. CloudWatch alarms act after three minutes above the target and 15 minutes below it.
 * @param target messages for one worker ("acceptable backlog per instance")
 */
export function targetTracking({ min, max }: { min: number; max: number }, target: number): Scaler {
  let current = min;
  let above = 0;
  let below = 0;
  return {
    name: 'target tracking',
    everyMs: 60_000,
    atTicks: false,
    decide({ depth }) {
      const perWorker = depth.visible / current;
      above = perWorker > target ? above + 1 : 0;
      below = perWorker < target * SCALE_IN_SHARE ? below + 1 : 0;
      if (above >= PERIODS.up || below >= PERIODS.down)
        current = Math.min(max, Math.max(min, Math.ceil((current * perWorker) / target)));
      return current;
    },
  };
}
