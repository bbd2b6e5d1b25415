import type { Scaler } from '../scaler.ts';

/** The horizontal pod autoscaler's defaults ("Horizontal Pod Autoscaling", Kubernetes documentation). */
const HPA = { syncMs: 15_000, tolerance: 0.1, stabilizationMs: 300_000, addedPods: 4, addedShare: 1 };

/**
 * KEDA's scaler `aws-sqs-queue` (its page, and `aws_sqs_queue_scaler.go`) with the horizontal pod autoscaler that it feeds:
 * visible and in-flight messages ÷ target, at most doubled or four more in 15 s, down by the highest of five minutes.
 * @param target messages for one worker (`queueLength`)
 */
export function keda({ min, max }: { min: number; max: number }, target: number): Scaler {
  let recommendations: { at: number; workers: number }[] = [];
  let current = min;
  return {
    name: 'KEDA',
    everyMs: HPA.syncMs,
    atTicks: false,
    decide({ figures: { now }, depth }) {
      const messages = depth.visible + depth.inFlight;
      const isNear = Math.abs(messages / (target * current) - 1) <= HPA.tolerance;
      const wanted = isNear ? current : Math.ceil(messages / target);
      recommendations = [
        ...recommendations.filter(({ at }) => at > now - HPA.stabilizationMs),
        { at: now, workers: wanted },
      ];
      const stabilized = Math.max(
        wanted,
        Math.min(current, Math.max(...recommendations.map((one) => one.workers))),
      );
      const fastest = current + Math.max(HPA.addedPods, current * HPA.addedShare);
      current = Math.min(max, Math.max(min, Math.min(stabilized, fastest)));
      return current;
    },
  };
}
