import type { Pace } from '../../../functions/core/model/schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The jobs of a simulation. Times are milliseconds since its start. */
export interface Load {
  periodMs: number;
  pace: Pace;
  /** X of the tick that is due at a time. */
  jobs(at: number): number;
  /** How long a job runs that starts at a time, in milliseconds. */
  jobMs(at: number): number;
  jobConcurrency: number;
}

/** Shapes over time: factors by which a load is multiplied. Each covers `hours`. */
export const SHAPES = {
  constant: () => () => 1,
  /** A tenth, then all, from a third of the time on, then a tenth again. */
  step: (hours: number) => (at: number) => (isBetween(at, hours, 1 / 3, 2 / 3) ? 1 : 0.1),
  /** From a tenth to all. */
  ramp: (hours: number) => (at: number) => 0.1 + 0.9 * Math.min(1, at / (hours * HOUR_MS)),
  /** One tick in the middle, with all. */
  spike: (hours: number) => (at: number) => (isBetween(at, hours, 1 / 2, 1 / 2 + 1 / (6 * hours)) ? 1 : 0.1),
  /** Little at night, all at noon. */
  day: (hours: number) => (at: number) => 0.55 - 0.45 * Math.cos((2 * Math.PI * at) / (hours * HOUR_MS)),
  /** All, nothing, all … for half an hour each. */
  onOff: () => (at: number) => (Math.floor(at / (HOUR_MS / 2)) % 2 === 0 ? 1 : 0),
} as const;

export type Shape = keyof typeof SHAPES;

function isBetween(at: number, hours: number, from: number, to: number): boolean {
  const share = at / (hours * HOUR_MS);
  return share >= from && share < to;
}

/** A load as numbers, which can be chosen at random. */
export interface LoadSettings {
  shape: Shape;
  hours: number;
  /** Minutes between two ticks. */
  y: number;
  pace: Pace;
  /** Jobs of the largest tick. */
  x: number;
  jobMs: number;
  jobConcurrency: number;
  /** From half of the time on, jobs run this many times as long. */
  slowdown: number;
}

export function loadOf({ shape, hours, y, pace, x, jobMs, jobConcurrency, slowdown }: LoadSettings): Load {
  const factor = SHAPES[shape](hours);
  return {
    periodMs: y * MINUTE_MS,
    pace,
    jobs: (at) => Math.round(x * factor(at)),
    jobMs: (at) => (at < (hours * HOUR_MS) / 2 ? jobMs : jobMs * slowdown),
    jobConcurrency,
  };
}
