/** What is done to the system at a time of the long run. */
export type Disturbance =
  | { readonly kind: 'load' /** Share of the highest load, from 0 to 1. */; readonly share: number }
  | { readonly kind: 'kill' }
  | { readonly kind: 'deploy' /** 2 for the first new code. */; readonly release: number }
  | { readonly kind: 'outage' };

/** A disturbance, and when it begins, in minutes since the start of the run. */
export type Planned = Disturbance & { readonly minute: number };

/** The load, as shares of the run's length and of the highest load: a step up, a ramp down, on and off. */
const LOAD = [
  [0, 0.2],
  [0.1, 1],
  [0.3, 0.75],
  [0.36, 0.5],
  [0.42, 0.25],
  [0.5, 0],
  [0.6, 1],
  [0.7, 0],
  [0.82, 0.6],
] as const;

/** New code arrives while the load is at its highest. Elasticsearch stops later, because a deployment needs it. */
const DEPLOYS = [0.2, 0.64];
const OUTAGE = 0.87;

/** Time between two kills of a worker in a long run, in minutes. A short run has four kills. */
const KILL_MINUTES = 4;

/** What happens in a run of this many minutes, in order. The first is the load at the start. */
export function planOf(minutes: number): Planned[] {
  const interval = Math.min(KILL_MINUTES, minutes / 4);
  const planned: Planned[] = [
    ...LOAD.map(([at, share]) => ({ kind: 'load' as const, minute: at * minutes, share })),
    ...DEPLOYS.map((at, index) => ({ kind: 'deploy' as const, minute: at * minutes, release: index + 2 })),
    { kind: 'outage', minute: OUTAGE * minutes },
  ];
  for (let minute = interval / 2; minute < minutes; minute += interval)
    planned.push({ kind: 'kill', minute });
  return planned.sort((one, other) => one.minute - other.minute);
}
