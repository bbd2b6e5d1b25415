import { jobsPerBatch, WARM_UPS, warmUpJobs } from '../cli/runs/scaling-test.ts';
import type { Contender, Crew, Load, Outcome } from './contender.ts';

/** How many jobs a measurement has: so many, or as many as take about so long. */
export type Size = { jobs: number } | { seconds: number };

/** Of jobs that take no time only a warm-up that is not the first says how fast they go: processes start in that one. */
const WARM_UPS_FOR_PACE = 2;

/** Fewer batches than this for each worker, and the last ones would decide the result. */
const LEAST_BATCHES = 5;

/** More than this takes longer to verify than to do. */
const MOST_JOBS = 400_000;

/** Has a system work off jobs, after a warm-up that is not measured. */
export async function measureThroughput(contender: Contender, load: Load, size: Size): Promise<Outcome> {
  const crew = await contender.start(load);
  try {
    const warmedUp = await warmUp(crew, contender, load);
    if ('jobs' in size) return await crew.run(size.jobs);
    const pace = load.workMs === 0 ? paceOf(warmedUp) : idealOf(contender.packing, load);
    const batch = jobsPerBatch({ ...contender.packing, workMs: load.workMs });
    return await crew.run(jobsFor((pace * size.seconds) / 60, load.workers * batch));
  } finally {
    await crew.stop();
  }
}

/** Until every worker has taken part. @returns what came of the last one */
async function warmUp(crew: Crew, { packing }: Contender, { workers, workMs }: Load): Promise<Outcome> {
  const least = workMs === 0 ? WARM_UPS_FOR_PACE : 1;
  for (let round = 1; ; round++) {
    const outcome = await crew.run(warmUpJobs({ ...packing, workMs }, workers));
    const all = round >= least && outcome.shares.length >= workers;
    if (all || round === WARM_UPS) return outcome;
  }
}

/** About so many jobs, in whole batches for each worker. @param turn the jobs of all workers' batches together */
export function jobsFor(jobs: number, turn: number): number {
  const most = Math.floor(MOST_JOBS / turn);
  return turn * Math.max(LEAST_BATCHES, Math.min(Math.round(jobs / turn), most));
}

/** Jobs a minute if workers did nothing but wait for their jobs. */
export function idealOf({ jobConcurrency }: Contender['packing'], { workers, workMs }: Load): number {
  return (workers * jobConcurrency * 60_000) / workMs;
}

/** Jobs a minute. */
export function paceOf({ jobs, ms }: Outcome): number {
  return (jobs / ms) * 60_000;
}

/** How many times the smallest share of a worker the largest is. */
export function unevennessOf({ shares }: Outcome): number {
  return Math.max(...shares) / Math.min(...shares);
}
