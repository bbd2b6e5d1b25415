import assert from 'node:assert/strict';
import { STABILIZATION_MS } from '../../../functions/core/scaling/decide.ts';
import type { LoadSettings } from './load.ts';
import { type ScalingScenario, workersForPeak } from './scenarios.ts';
import type { Sample, Trace } from './simulate.ts';

const MINUTE_MS = 60_000;

/**
 * Time that a tick may take beyond `drainWithin`, in milliseconds: up to a minute for the change of the mapping, one for
 * the decision that follows, and two batches. A batch has ten messages, each with at least one job.
 */
function slackMs({ jobMs, jobConcurrency, slowdown }: LoadSettings): number {
  const batchMs = Math.max(5_000, jobMs * Math.max(1, 10 / jobConcurrency) * Math.max(1, slowdown));
  return 2.5 * MINUTE_MS + 2 * batchMs;
}

/** Workers are never outside the rule. */
export function staysWithinBounds({ samples }: Trace, { rule: { min, max } }: ScalingScenario): void {
  for (const { at, reserved } of samples)
    assert.ok(
      reserved >= min && reserved <= max,
      `${reserved} workers after ${at} ms, outside ${min}:${max}`,
    );
}

/**
 * Scaling causes no throttled call and no second receive. No job fails here, so that each further receive would come from
 * scaling. The rule's minimum is at least two: AWS accepts no lower maximum of the mapping.
 */
export function causesNoReceives({ throttles, maxReceives }: Trace): void {
  assert.equal(throttles, 0, `${throttles} calls were throttled`);
  assert.ok(maxReceives <= 1, `a message was received ${maxReceives} times`);
}

/** A decision with a missing figure changes nothing. */
export function changesNothingBlindly({ decisions }: Trace): void {
  for (const { figures, workers } of decisions) {
    const { now, backlog, workerMs } = figures;
    if (figures.workers !== undefined && backlog !== undefined && workerMs !== undefined) continue;
    if (workers !== undefined) assert.equal(workers, figures.workers, `a blind change after ${now} ms`);
  }
}

/** Ticks are done in time if the maximum of workers can do that. The first tick shows how long jobs take. */
export function drainsInTime({ ticks }: Trace, { load, rule, scenario }: ScalingScenario): void {
  if (load.pace === 'even' || workersForPeak(load) > rule.max * 0.8) return;
  const withinMs = (load.y * MINUTE_MS) / 2 + slackMs(load);
  const end = load.hours * 60 * MINUTE_MS;
  for (const { dueAt, drainMs = end - dueAt } of ticks.slice(2)) {
    // Jobs that slow down in the middle of the time are seen only when the first of them end.
    const isAtSlowdown = load.slowdown > 1 && Math.abs(dueAt - end / 2) <= scenario.load.periodMs;
    if (isAtSlowdown || dueAt + withinMs > end) continue;
    assert.ok(drainMs <= withinMs, `the tick after ${dueAt} ms took ${drainMs} ms, and not ${withinMs}`);
  }
}

/** Jobs that arrive evenly wait for at most a few minutes, once the time of a job is known. */
export function keepsUp({ samples }: Trace, { load, rule }: ScalingScenario): void {
  if (load.pace === 'burst' || workersForPeak(load) > rule.max * 0.8) return;
  const end = load.hours * 60 * MINUTE_MS;
  const jobsPerMs = load.x / (load.y * MINUTE_MS);
  const most = jobsPerMs * ((load.y * MINUTE_MS) / 2 + slackMs(load));
  for (const { at, backlog } of samples) {
    const isSettling = at < 2 * load.y * MINUTE_MS || Math.abs(at - end / 2) < 2 * load.y * MINUTE_MS;
    if (!isSettling) assert.ok(backlog <= most, `${backlog} jobs were pending after ${at} ms, above ${most}`);
  }
}

/**
 * The number changes its direction at most twice per tick, or twice per five minutes if ticks are more frequent. Jobs that
 * arrive evenly have no such rhythm.
 */
export function doesNotFlap({ samples }: Trace, { load }: ScalingScenario): void {
  const flips = directionChanges(samples).length;
  const cycleMs =
    load.pace === 'even' ? 2 * STABILIZATION_MS : Math.max(load.y * MINUTE_MS, STABILIZATION_MS);
  const most = 2 * Math.ceil((load.hours * 60 * MINUTE_MS) / cycleMs);
  assert.ok(flips <= most, `${flips} changes of direction, above ${most}`);
}

/** Workers that were needed stay for five minutes. Half a minute less, because a change up takes time. */
export function keepsWorkersForAWhile({ samples }: Trace): void {
  let raisedAt = Number.NEGATIVE_INFINITY;
  for (const [index, { at, reserved }] of samples.entries()) {
    const before = samples[index - 1]?.reserved ?? reserved;
    if (reserved > before) raisedAt = at;
    if (reserved < before)
      assert.ok(
        at - raisedAt >= STABILIZATION_MS - 30_000,
        `up after ${raisedAt} ms, and down after ${at} ms`,
      );
  }
}

/** When the number of workers changed its direction. */
export function directionChanges(samples: readonly Sample[]): number[] {
  const changes: number[] = [];
  let direction = 0;
  for (const [index, { at, reserved }] of samples.entries()) {
    const next = Math.sign(reserved - (samples[index - 1]?.reserved ?? reserved));
    if (next === 0) continue;
    if (direction !== 0 && next !== direction) changes.push(at);
    direction = next;
  }
  return changes;
}

/** An idle system has the fewest workers soon. */
export function releasesWorkers({ samples }: Trace, { load, rule }: ScalingScenario): void {
  if (load.shape !== 'onOff') return;
  let idleSince = 0;
  for (const { at, backlog, reserved } of samples) {
    if (backlog > 0) idleSince = at;
    // Before a tick that is due soon, its workers are kept.
    const periodMs = load.y * MINUTE_MS;
    const isBeforeTick = periodMs - (at % periodMs) <= 3 * MINUTE_MS;
    if (at - idleSince > STABILIZATION_MS + 3 * MINUTE_MS && !isBeforeTick && at % periodMs > 3 * MINUTE_MS)
      assert.equal(reserved, rule.min, `${reserved} workers after ${at} ms, idle since ${idleSince} ms`);
  }
}

/** What holds even if everything goes wrong. */
export const ALWAYS = { staysWithinBounds, causesNoReceives, changesNothingBlindly };
/** What holds with only the delays that every system has. */
export const IN_GOOD_CONDITIONS = {
  ...ALWAYS,
  drainsInTime,
  keepsUp,
  doesNotFlap,
  keepsWorkersForAWhile,
  releasesWorkers,
};
