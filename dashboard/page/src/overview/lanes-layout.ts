import type { History } from '../../../protocol.ts';
import { firstAfter, type WorkerBatches } from '../live/batch-history.ts';

// What the lanes show and where, as plain functions. Times are milliseconds since 1970, lengths are CSS pixels.

/** One worker's lane. */
export interface Lane {
  worker: string;
  batches: WorkerBatches;
  /**
   * `busy`: a batch ended just now, or the worker counted a job just now. `gone`: other workers have taken all places, or
   * Lambda has ended the worker by now. `idle`: neither.
   */
  state: 'busy' | 'idle' | 'gone';
  /** When the worker was last active. */
  lastAt: number;
  /** Jobs per second of late; null if it is not known. */
  jobsPerSecond: number | null;
  /** Position of the worker's series in the chart of the throughput; -1 if it has none of its own. */
  series: number;
}

export interface LaneFigures {
  now: number;
  /** Span of the axis. */
  windowMs: number;
  /** Workers with batches, in the order in which they were first seen. */
  known: readonly WorkerBatches[];
  /** Workers with a counter. */
  counted: readonly { id: string; lastSeenAt: string }[];
  /** Workers with a series of their own (`History.workers`). */
  series: readonly string[];
  /** Workers that may run at the same time; null or undefined if it is not limited or not known. */
  allowed: number | null | undefined;
  /** Whether there are jobs to do; undefined if it is not known. */
  pending: boolean | undefined;
  intervalMs: number;
}

/** Without an activity for so long, or for two polls, or for two of its batches, a worker is not busy. */
const QUIET_MS = 5_000;

/** Lambda ends an idle worker after 5 to 15 minutes (observed; the ledger takes it for retired then, too). */
const ENDED_AFTER_MS = 15 * 60_000;

/** The throughput of a worker is that of this time. */
const RATE_MS = 30_000;

/** The lanes from top to bottom: in the order in which the workers were first seen, the gone ones last. */
export function lanesOf(figures: LaneFigures): Lane[] {
  const { now, windowMs, known, counted, series, allowed } = figures;
  const seenAt = new Map(counted.map(({ id, lastSeenAt }) => [id, Date.parse(lastSeenAt)]));
  const names = new Set(known.map(({ worker }) => worker));
  const uncounted = [...seenAt.keys()].filter((id) => !names.has(id)).sort();
  const seriesOf = new Map(series.map((worker, index) => [worker, index]));
  const lanes = [...known, ...uncounted.map(withoutBatches)].map((batches): Lane => {
    const { worker, to } = batches;
    const lastAt = Math.max(to.at(-1) ?? 0, seenAt.get(worker) ?? 0);
    const isBusy = figures.pending !== false && now - lastAt <= quietMs(batches, figures.intervalMs);
    const state = isBusy ? 'busy' : now - lastAt > ENDED_AFTER_MS ? 'gone' : 'idle';
    const jobsPerSecond = rateOf(batches, now, isBusy);
    return { worker, batches, state, lastAt, jobsPerSecond, series: seriesOf.get(worker) ?? -1 };
  });
  if (allowed != null) {
    const latest = [...lanes].sort((one, other) => other.lastAt - one.lastAt);
    for (const lane of latest.slice(allowed)) if (lane.state === 'idle') lane.state = 'gone';
  }
  const shown = lanes.filter(({ state, lastAt }) => state !== 'gone' || lastAt > now - windowMs);
  return [...shown.filter(({ state }) => state !== 'gone'), ...shown.filter(({ state }) => state === 'gone')];
}

function withoutBatches(worker: string): WorkerBatches {
  return { worker, firstAt: 0, from: [], to: [], processed: [], failed: [], tick: [] };
}

function quietMs({ from, to }: WorkerBatches, intervalMs: number): number {
  const longest = to.slice(-5).reduce((most, end, index, { length }) => {
    return Math.max(most, end - (from[to.length - length + index] as number));
  }, 0);
  return Math.max(QUIET_MS + 2 * intervalMs, 2 * longest);
}

/** Between the end of a busy worker's last batch and now, there is a batch that nobody knows yet. */
function rateOf(batches: WorkerBatches, now: number, isBusy: boolean): number | null {
  const last = batches.to.at(-1);
  if (last === undefined) return null;
  const until = isBusy ? last : now;
  const from = Math.min(Math.max(now - RATE_MS, batches.firstAt), last - 1);
  return until > from ? (jobsIn(batches, from, until) / (until - from)) * 1_000 : null;
}

/** The jobs that a worker processed in a time. A batch that is partly outside counts in part. */
function jobsIn({ from, to, processed }: WorkerBatches, start: number, end: number): number {
  let jobs = 0;
  for (let at = firstAfter(to, start); at < to.length && (from[at] as number) < end; at++) {
    const [begun, ended] = [from[at] as number, to[at] as number];
    const share = ended > begun ? (Math.min(ended, end) - Math.max(begun, start)) / (ended - begun) : 1;
    jobs += (processed[at] as number) * share;
  }
  return jobs;
}

/** A worker's batches in a time, and the share of the time that it was busy, from 0 to 1. */
export function sumsOf({ from, to, processed, failed }: WorkerBatches, start: number, end: number) {
  const sums = { batches: 0, processed: 0, failed: 0, busy: 0 };
  let busyMs = 0;
  for (let at = firstAfter(to, start); at < to.length && (from[at] as number) < end; at++) {
    sums.batches++;
    sums.processed += processed[at] as number;
    sums.failed += failed[at] as number;
    busyMs += Math.min(to[at] as number, end) - Math.max(from[at] as number, start);
  }
  if (end > start) sums.busy = Math.min(1, busyMs / (end - start));
  return sums;
}

/** Batches that ended in a time, of all lanes. */
export function batchesEnded(lanes: readonly Lane[], start: number, end: number): number {
  return lanes.reduce((sum, { batches: { to } }) => sum + firstAfter(to, end) - firstAfter(to, start), 0);
}

/** The height of a lane: comfortable, then narrow, then as narrow as 1,000 workers need. */
export function laneHeight(lanes: number): number {
  if (lanes <= 16) return 20;
  return lanes <= 100 ? 8 : 3;
}

/** The height of the box of all lanes. More lanes are scrolled to. The first four workers do not move the page. */
export function boxHeight(lanes: number): number {
  return Math.min(360, Math.max(80, lanes * laneHeight(lanes)));
}

/** The time axis of a lane: from the left edge to the right one. */
export interface Axis {
  from: number;
  to: number;
  width: number;
}

/** The position of a time, from the left edge. */
export function xOf({ from, to, width }: Axis, at: number): number {
  return ((at - from) / (to - from)) * width;
}

/** Batches that are narrower than this are drawn together with their neighbours. */
const NARROW = 3;

/**
 * Calls `draw` for each bar of a worker: a batch, or several narrow ones without idle time between them. Bars are cut at
 * the edges.
 */
export function forEachBar(
  { from, to, failed }: WorkerBatches,
  axis: Axis,
  draw: (left: number, right: number, hasFailed: boolean) => void,
): void {
  let [left, right, hasFailed] = [0, -1, false];
  const end = () => {
    if (right >= left) draw(left, right, hasFailed);
  };
  for (let at = firstAfter(to, axis.from); at < to.length && (from[at] as number) < axis.to; at++) {
    const begins = Math.max(0, xOf(axis, from[at] as number));
    const ends = Math.min(axis.width, xOf(axis, to[at] as number));
    const joins = begins - right < 0.5 && ends - begins < NARROW && right >= left;
    if (joins) right = Math.max(right, ends);
    else {
      end();
      [left, right, hasFailed] = [begins, ends, false];
    }
    hasFailed ||= (failed[at] as number) > 0;
  }
  end();
}

/** A batch: the position of its lane, and its position among the lane's batches. */
export interface Place {
  lane: number;
  batch: number;
}

/** How far the pointer may be from a batch. */
const REACH = 4;

/** The batch at a position in the box. @param y from the top of the first lane */
export function placeAt(lanes: readonly Lane[], axis: Axis, x: number, y: number): Place | undefined {
  const lane = Math.floor(y / laneHeight(lanes.length));
  const batches = lanes[lane]?.batches;
  if (!batches || x < 0 || x > axis.width) return undefined;
  const batch = nearestBatch(batches, axis.from + (x / axis.width) * (axis.to - axis.from));
  if (batch === undefined) return undefined;
  const left = xOf(axis, batches.from[batch] as number) - REACH;
  const right = xOf(axis, batches.to[batch] as number) + REACH;
  return x >= left && x <= right ? { lane, batch } : undefined;
}

/** The batch that is nearest to a time. */
function nearestBatch({ from, to }: WorkerBatches, at: number): number | undefined {
  const next = firstAfter(to, at);
  if (to.length === 0) return undefined;
  if (next === 0) return 0;
  if (next === to.length) return next - 1;
  return (from[next] as number) - at <= at - (to[next - 1] as number) ? next : next - 1;
}

/**
 * The batch that an arrow key moves to: left and right to the lane's neighbours, up and down to the nearest batch of the
 * next lane that has batches. Home and End move to the lane's first and last batch on the axis. Without a place, any key
 * moves to the newest batch of the first lane.
 */
export function placeAfter(
  lanes: readonly Lane[],
  axis: Pick<Axis, 'from'>,
  place: Place | undefined,
  key: string,
): Place | undefined {
  const firstOf = (lane: number) => firstAfter(lanes[lane]?.batches.to ?? [], axis.from);
  const lastOf = (lane: number) => (lanes[lane]?.batches.to.length ?? 0) - 1;
  const has = (lane: number) => firstOf(lane) <= lastOf(lane);
  const step = key === 'ArrowUp' ? -1 : 1;
  if (!place || !has(place.lane)) {
    const lane = lanes.findIndex((_, index) => has(index));
    return lane < 0 ? undefined : { lane, batch: lastOf(lane) };
  }
  const within = (batch: number) => Math.max(firstOf(place.lane), Math.min(lastOf(place.lane), batch));
  if (key === 'ArrowLeft') return { ...place, batch: within(place.batch - 1) };
  if (key === 'ArrowRight') return { ...place, batch: within(place.batch + 1) };
  if (key === 'Home') return { ...place, batch: firstOf(place.lane) };
  if (key === 'End') return { ...place, batch: lastOf(place.lane) };
  const { from = [], to = [] } = lanes[place.lane]?.batches ?? {};
  const middle = ((from[place.batch] as number) + (to[place.batch] as number)) / 2;
  for (let lane = place.lane + step; lane >= 0 && lane < lanes.length; lane += step) {
    const batch = has(lane) && nearestBatch((lanes[lane] as Lane).batches, middle);
    if (batch !== false && batch !== undefined) return { lane, batch: Math.max(batch, firstOf(lane)) };
  }
  return place;
}

/** When the number of allowed workers changed. */
export interface Scaling {
  at: number;
  from: number | null;
  to: number | null;
}

/** A bucket's change and a decision that are so close are the same. */
const SAME_MS = 45_000;

/** The changes of the number of allowed workers: the decisions that took effect, and what else changed it. */
export function scalingsOf({ from, bucketMs, concurrency, decisions }: History): Scaling[] {
  const decided = decisions
    .filter(({ problem, from, to }) => problem === undefined && from !== to)
    .map(({ at, from, to }) => ({ at, from, to }));
  const observed: Scaling[] = [];
  let last: number | null = null;
  for (const [index, value] of concurrency.entries()) {
    if (value === null) continue;
    const at = from + index * bucketMs;
    const isKnown = decided.some((one) => one.to === value && Math.abs(one.at - at) < SAME_MS);
    if (last !== null && value !== last && !isKnown) observed.push({ at, from: last, to: value });
    last = value;
  }
  return [...decided, ...observed].sort((one, other) => one.at - other.at);
}

/** `2 → 4 workers` */
export function scalingText({ from, to }: Scaling): string {
  return `${from ?? 'no limit'} → ${to === null ? 'no limit' : `${to} ${to === 1 ? 'worker' : 'workers'}`}`;
}

const STEPS_MS = [5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000];

/** Round times on the axis, at least `space` apart. */
export function timesOf({ from, to, width }: Axis, space = 72): number[] {
  const atLeast = ((to - from) / width) * space;
  const step = STEPS_MS.find((each) => each >= atLeast) ?? 600_000;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, i) => first + i * step);
}

/** A worker's name without the word that all names begin with. */
export function shortName(worker: string): string {
  return worker.replace(/^worker-/, '');
}
