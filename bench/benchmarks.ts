import type { Benchmark } from './benchmark.ts';
import { cold } from './cold.ts';
import { cost } from './cost/benchmark.ts';
import { peers } from './peers/benchmark.ts';
import { scaleOut } from './scale-out/benchmark.ts';
import { scaling } from './scaling.ts';
import { scheduler } from './scheduler.ts';
import { status } from './status/benchmark.ts';
import { tuning } from './tuning/benchmark.ts';
import { worker } from './worker/benchmark.ts';

/** All benchmarks, in the order in which they run and stand on the page. */
export const BENCHMARKS: readonly Benchmark[] = [
  peers as Benchmark,
  scaling as Benchmark,
  tuning as Benchmark,
  worker as Benchmark,
  scheduler as Benchmark,
  status as Benchmark,
  cost as Benchmark,
  cold as Benchmark,
  scaleOut as Benchmark,
];
