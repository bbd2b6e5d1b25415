import { jobsPerBatch, MAX_WARM_UPS, type RunningSettings, warmUpJobs } from '../../cli/runs/scaling-test.ts';
import { counted, rate } from '../../cli/terminal/format.ts';
import type { Context, Row } from './benchmark.ts';
import { type Figure, figureOf, measureInTurn } from './figures.ts';

/** The systems that are compared. */
export type SystemName = 'drumline' | 'rabbitmq' | 'bullmq' | 'powertools';

/** The number of workers, and how long each job waits, in milliseconds. */
export interface Load {
  readonly workers: number;
  readonly workMs: number;
}

/** A system whose speed is measured, with certain settings. It exists, and is idle. */
export interface System {
  readonly name: SystemName;
  /** The settings that its rows show. */
  readonly settings: ThroughputRow['settings'];
  /** How its workers take jobs. */
  readonly packing: Omit<RunningSettings, 'workMs'>;
  start(load: Load): Promise<WorkerPool>;
}

/** The workers of a system. */
export interface WorkerPool {
  /**
   * Runs this many jobs to the end.
   * @throws Error if a job is not counted exactly once or does not have exactly one document
   */
  run(jobs: number): Promise<Outcome>;
  /** Makes the workers idle, so that another system can be measured. Needed unless they are idle after each run. */
  stop?(): Promise<void>;
}

/** The result of a run in which every job was counted once. */
export interface Outcome {
  jobs: number;
  ms: number;
  /** Jobs of each worker that had any. */
  shares: number[];
}

/** The speed of one system under one load. */
export interface ThroughputRow extends Row, Load {
  system: SystemName;
  settings: Record<string, string | number | boolean>;
  /** Jobs of the longest round. */
  jobs: number;
  jobsPerMinute: Figure;
  /** The largest worker's share divided by the smallest. */
  shareRatio: Figure;
}

/** The size of a measurement: a number of jobs, or as many jobs as take about this long. */
export type Size = { jobs: number } | { seconds: number };

/** For no-op jobs the second warm-up tells the pace: the worker processes start in the first one. */
const NO_OP_WARM_UPS = 2;

/** With fewer batches per worker, the last ones would decide the result. */
const MIN_BATCHES = 5;

/** More jobs take longer to verify than to run. */
const MAX_JOBS = 400_000;

/** Measures every system under every load, in turn. */
export async function measureSystems(
  { rounds, signal, progress }: Pick<Context, 'rounds' | 'signal' | 'progress'>,
  benchmark: string,
  cases: readonly { system: System; load: Load }[],
  size: Size,
): Promise<ThroughputRow[]> {
  const measured = await measureInTurn(cases, rounds, async ({ system, load }) => {
    signal.throwIfAborted();
    const outcome = await measureThroughput(system, load, size);
    progress(
      `${nameOf(system.name, system.settings)}, ${counted(load.workers, 'worker')}, ${load.workMs} ms: ${rate(paceOf(outcome))} (${counted(outcome.jobs, 'job')})`,
    );
    return outcome;
  });
  return [...measured].map(([{ system, load }, outcomes]) => ({
    benchmark,
    system: system.name,
    ...load,
    settings: system.settings,
    jobs: Math.max(...outcomes.map(({ jobs }) => jobs)),
    jobsPerMinute: figureOf(outcomes.map(paceOf)),
    shareRatio: figureOf(outcomes.map(({ shares }) => Math.max(...shares) / Math.min(...shares))),
  }));
}

/** `drumline, 25 jobs per message` or `drumline, auto`; the other systems have one setting only. */
export function nameOf(system: SystemName, { jobsPerMessage }: ThroughputRow['settings']): string {
  if (system !== 'drumline') return system;
  return `drumline, ${jobsPerMessage === 'auto' ? 'auto' : `${counted(Number(jobsPerMessage), 'job')} per message`}`;
}

/** Runs jobs through a system, after a warm-up that is not measured. */
export async function measureThroughput(system: System, load: Load, size: Size): Promise<Outcome> {
  const pool = await system.start(load);
  try {
    const warmedUp = await warmUp(pool, system, load);
    if ('jobs' in size) return await pool.run(size.jobs);
    const pace = load.workMs === 0 ? paceOf(warmedUp) : idealPace(system.packing.jobConcurrency, load);
    const batch = jobsPerBatch({ ...system.packing, workMs: load.workMs });
    return await pool.run(wholeBatches((pace * size.seconds) / 60, load.workers * batch));
  } finally {
    await pool.stop?.();
  }
}

/** Warms up until every worker has taken part. @returns the last warm-up's outcome */
async function warmUp(pool: WorkerPool, { packing }: System, { workers, workMs }: Load): Promise<Outcome> {
  const min = workMs === 0 ? NO_OP_WARM_UPS : 1;
  for (let round = 1; ; round++) {
    const outcome = await pool.run(warmUpJobs({ ...packing, workMs }, workers));
    if ((round >= min && outcome.shares.length >= workers) || round === MAX_WARM_UPS) return outcome;
  }
}

/** Rounds a number of jobs to whole batches for each worker. @param turn jobs of one batch for every worker */
export function wholeBatches(jobs: number, turn: number): number {
  const max = Math.floor(MAX_JOBS / turn);
  return turn * Math.max(MIN_BATCHES, Math.min(Math.round(jobs / turn), max));
}

/** Jobs per minute of workers that only wait for their jobs and lose no time between them. */
export function idealPace(jobConcurrency: number, { workers, workMs }: Load): number {
  return (workers * jobConcurrency * 60_000) / workMs;
}

/** Jobs per minute. */
export function paceOf({ jobs, ms }: Outcome): number {
  return (jobs / ms) * 60_000;
}
