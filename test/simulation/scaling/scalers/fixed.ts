import type { Scaler } from '../scaler.ts';

/** A number of workers that somebody has set. */
export function fixed(workers: number): Scaler {
  return { name: `fixed at ${workers}`, everyMs: 60_000, atTicks: false, decide: () => workers };
}
