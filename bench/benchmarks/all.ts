import type { Benchmark } from '../harness/benchmark.ts';
import { autoscaling } from './autoscaling.ts';
import { cost } from './cost.ts';
import { endurance } from './endurance.ts';
import { packing } from './packing.ts';
import { peers } from './peers.ts';
import { scaling } from './scaling.ts';
import { scheduler } from './scheduler.ts';
import { status } from './status.ts';
import { worker } from './worker.ts';

/** All benchmarks, in the order in which they run and in which docs/benchmarks.md shows them. */
export const BENCHMARKS: readonly Benchmark[] = [
  peers,
  scaling,
  packing,
  autoscaling,
  scheduler,
  cost,
  status,
  worker,
  endurance,
];
