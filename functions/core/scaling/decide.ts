import type { Recommendation, ScalingDecision, ScalingFigures, ScalingRule } from '../model/scaling.ts';

/**
 * How long a recommendation keeps the number of workers from going down, in milliseconds. Kubernetes uses the same
 * default ("Horizontal Pod Autoscaling", stabilization window).
 */
export const STABILIZATION_MS = 300_000;

/** The share of their time that workers are planned to be busy. The rest absorbs slow starts and deviations. */
export const TARGET_UTILIZATION = 0.8;

/**
 * The shortest time that a decision plans for, in milliseconds, unless `drainWithin` is shorter. A change of the mapping
 * takes up to a minute, and the next decision follows a minute later, so planning for less would only overshoot.
 */
export const MIN_PLAN_MS = 60_000;

/** Capacity is kept if the next tick needs it again within this time, in milliseconds: a change down, and one up. */
export const KEEP_BEFORE_TICK_MS = 120_000;

/** A smaller change down is not worth its calls. It would follow every deviation of the time per job. As Kubernetes' tolerance. */
export const TOLERANCE = 0.1;

/** In which time a backlog should drain if no run is active and the rule names no time, in milliseconds. */
export const DRAIN_WITHOUT_RUN_MS = 300_000;

/** `even` spreads a tick's jobs over a day at most (`Pace`). */
const MAX_SPREAD_MS = 86_400_000;

type Schedule = NonNullable<ScalingFigures['schedule']>;

/** The figures from which a decision can be made. */
type Known = ScalingFigures & { workers: number; backlog: number; workerMs: number };

/**
 * Decides how many workers there should be. It follows Little's law: `backlog × workerMs ÷ time` busy workers do the
 * backlog in the time that is left. The number goes up at once. It goes down to the highest recommendation of the last
 * five minutes, and not shortly before a tick. It does not change if a figure is missing, unless it is outside the rule.
 */
export function decide(rule: ScalingRule, figures: ScalingFigures): ScalingDecision {
  const { now, workers } = figures;
  const recent = figures.recommendations.filter(({ at }) => at > now - STABILIZATION_MS);
  if (rule.min === rule.max) {
    const reason = `The number is fixed at ${rule.min}.`;
    return { workers: rule.min, reason, recommendations: withNewest(recent, { at: now, workers: rule.min }) };
  }
  const missing = missingFigure(figures);
  if (missing !== undefined || workers === undefined)
    return { ...withinBounds(rule, workers, missing), recommendations: recent };
  const known = figures as Known;
  const need = currentNeed(rule, known);
  const needed = clamp(rule, need.workers);
  // After a pause there is no history, so the present number counts as recommended now.
  const history = recent.length > 0 ? recent : [{ at: now, workers }];
  const recommendations = withNewest(history, { at: now, workers: needed });
  if (needed >= workers) {
    const limit = need.workers > needed ? `, but the rule allows ${rule.max} at most` : '';
    return { workers: needed, reason: `${need.reason}${limit}.`, recommendations };
  }
  const bounded = clamp(rule, workers);
  const kept = [highest(recommendations), needForNextTick(rule, known)]
    .map((each) => ({ ...each, workers: Math.min(clamp(rule, each.workers), bounded) }))
    .reduce((a, b) => (b.workers > a.workers ? b : a));
  const isSmall = kept.workers < bounded && kept.workers >= bounded * (1 - TOLERANCE);
  const next = isSmall ? { workers: bounded, reason: `${kept.reason}, which is about as many` } : kept;
  const reason = next.workers > needed ? `${need.reason}; ${next.reason}.` : `${need.reason}.`;
  return { workers: next.workers, reason, recommendations };
}

interface Need {
  workers: number;
  reason: string;
}

/** Names the first missing figure. */
function missingFigure({ workers, backlog, workerMs, schedule }: ScalingFigures): string | undefined {
  if (!isKnown(workers)) return 'the number of workers';
  if (!isKnown(backlog)) return 'the number of pending jobs';
  // Without jobs, now or later, the time per job does not matter.
  if (!isKnown(workerMs) && (backlog > 0 || schedule)) return 'the time per job';
  return undefined;
}

const isKnown = (figure: number | undefined): figure is number =>
  figure !== undefined && Number.isFinite(figure) && figure >= 0;

function withinBounds(rule: ScalingRule, workers: number | undefined, missing = 'the number of workers') {
  if (!isKnown(workers)) return { reason: `Nothing changes, because ${missing} is not known.` };
  const bounded = clamp(rule, workers);
  const verb = bounded === workers ? 'stays at' : 'goes to';
  return { workers: bounded, reason: `The number ${verb} ${bounded}, because ${missing} is not known.` };
}

/** How many workers the figures call for now, regardless of the rule's bounds. */
function currentNeed(rule: ScalingRule, figures: Known): Need {
  const { backlog, workerMs, schedule, now } = figures;
  const steady = schedule ? steadyNeed(rule, workerMs, schedule, now) : 0;
  const drainMs = timeToDrain(rule, now, schedule);
  const inTime = backlog === 0 ? 0 : workersFor(backlog * workerMs, drainMs);
  const drain = Math.min(inTime, usefulFor(figures));
  if (steady > drain)
    return { workers: steady, reason: `The schedule needs ${steady} to keep up with its jobs` };
  if (backlog === 0) return { workers: 0, reason: 'No job is pending' };
  const goal = drain < inTime ? 'to run all at once' : `to drain in ${seconds(drainMs)}`;
  const work =
    backlog === 1
      ? `1 pending job at ${round(workerMs)} ms needs`
      : `${backlog.toLocaleString('en-US')} pending jobs at ${round(workerMs)} ms each need`;
  return { workers: drain, reason: `${work} ${Math.max(1, drain)} ${goal}` };
}

const workersFor = (workMs: number, withinMs: number) => Math.ceil(workMs / (withinMs * TARGET_UTILIZATION));

/** More workers than run the whole backlog at once do not help. */
function usefulFor({ backlog, workerMs, jobMs = 0 }: Known): number {
  const atOnce = jobMs > 0 ? Math.ceil((backlog * workerMs) / jobMs) : backlog;
  return Math.min(backlog, atOnce);
}

/** How much time is left for the backlog, in milliseconds. */
function timeToDrain(rule: ScalingRule, now: number, schedule: Schedule | undefined): number {
  const within = drainWithinMs(rule, schedule);
  // Jobs of an even pace become due all the time, so that they have no common deadline.
  if (!schedule || schedule.pace === 'even') return within;
  const tickAt = schedule.nextTickAt - schedule.periodMs;
  return Math.max(Math.min(MIN_PLAN_MS, within), tickAt + within - now);
}

/**
 * Workers for the jobs that will arrive evenly. Jobs that arrive at once and drain before the next tick need nothing in
 * between.
 */
function steadyNeed(rule: ScalingRule, workerMs: number, schedule: Schedule, now: number): number {
  const { x = 0, periodMs, nextTickAt, pace } = schedule;
  if (pace === 'burst' && drainWithinMs(rule, schedule) < periodMs) return 0;
  const ms = pace === 'even' ? spreadMs(schedule) : periodMs;
  if (now > nextTickAt - periodMs + ms && ms < periodMs) return 0;
  return workersFor(x * workerMs, ms);
}

/** Workers that the next tick will need; none as long as it is not due soon. */
function needForNextTick(rule: ScalingRule, { schedule, workerMs, now }: Known): Need {
  const waitMs = schedule ? schedule.nextTickAt - now : Number.POSITIVE_INFINITY;
  if (!schedule || waitMs > KEEP_BEFORE_TICK_MS) return { workers: 0, reason: 'no tick is due soon' };
  const { x = 0, pace } = schedule;
  const ms = pace === 'even' ? spreadMs(schedule) : drainWithinMs(rule, schedule);
  const workers = workersFor(x * workerMs, ms);
  return { workers, reason: `the next tick, in ${seconds(Math.max(0, waitMs))}, will need ${workers}` };
}

function highest(recommendations: readonly Recommendation[]): Need {
  const workers = Math.max(...recommendations.map(({ workers }) => workers));
  return { workers, reason: `${workers} were needed within the last five minutes` };
}

/** Drops recommendations that can no longer be the highest: a newer one is as high. */
function withNewest(earlier: readonly Recommendation[], newest: Recommendation): Recommendation[] {
  return [...earlier.filter(({ workers }) => workers > newest.workers), newest];
}

const spreadMs = ({ periodMs }: Schedule) => Math.min(periodMs, MAX_SPREAD_MS);

function drainWithinMs({ drainWithinSeconds }: ScalingRule, schedule: Schedule | undefined): number {
  if (drainWithinSeconds !== undefined) return drainWithinSeconds * 1_000;
  return schedule ? schedule.periodMs / 2 : DRAIN_WITHOUT_RUN_MS;
}

const clamp = ({ min, max }: ScalingRule, workers: number) => Math.min(max, Math.max(min, workers));

const round = (ms: number) => Number(ms.toPrecision(3));

const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;
