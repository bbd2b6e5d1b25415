import fc from 'fast-check';
import type { Pace } from '../../functions/core/model/schedule.ts';
import { MANY_RECEIVES } from './consumers.ts';
import { FORGERIES } from './forgeries.ts';
import { JOB_KINDS, type JobKind } from './jobs.ts';

/** Something that people, the rule or outcome do to the system; when it comes is up to the schedule. */
export type Operation =
  /** The rule's event, as late as this, delivered to this many schedulers, which may take one name. */
  | { kind: 'fire'; lateMs: number; times: number; sameName: boolean }
  | { kind: 'start'; x: number; y: number; pace: Pace; backfillMinutes: number; replace: boolean }
  | { kind: 'update'; x?: number; y?: number; pace?: Pace }
  | { kind: 'stop' }
  | { kind: 'scale'; to: number }
  /** Dead letters are sent again: every n-th; the letter stays when whoever sent it dies before deleting it. */
  | { kind: 'retry'; every: number; stays: boolean }
  | { kind: 'forge'; what: number }
  | { kind: 'outage'; of: 'ledger' | 'queue' | 'results' }
  | { kind: 'restore' }
  | { kind: 'wait'; ms: number };

/** All that a simulation depends on: the same scenario is the same simulation. */
export interface Scenario {
  x: number;
  y: number;
  /** The first run's. */
  runPace: Pace;
  jobsPerMessage: number;
  batchSize: number;
  workers: number;
  /** How many batches the event source mapping takes at a time; as many as there are workers, unless more. */
  pollers?: number;
  jobConcurrency: number;
  maxAttempts: number;
  maxReceives: number;
  /** The consumer's time limit, and how many times as long a message is hidden. */
  timeoutMs: number;
  visibility: number;
  /** A job's kind is that at its id, counted round. */
  kinds: JobKind[];
  /** How likely an actor's calls go on, compared with others': one of these each. Races need somebody slow. */
  speeds: number[];
  /** How likely time passes while calls are under way, compared with their going on. */
  timePasses: number;
  /** How many calls in a hundred fare badly. */
  failurePercent: number;
  /** How many of DynamoDB's transactions in a hundred are slow, or throttled. */
  contentionPercent: number;
  operations: Operation[];
  choices: number[];
  /** How long Elasticsearch is gone once the choices have run out, in milliseconds. */
  outageMs?: number;
}

const minute = 60_000;

const runPace = fc.constantFrom('burst' as const, 'even' as const);

const fire = fc.record({
  kind: fc.constant('fire' as const),
  lateMs: fc.constantFrom(0, 0, 30_000, 90_000, 5 * minute),
  times: fc.constantFrom(1, 1, 2),
  sameName: fc.boolean(),
});
const start = fc.record({
  kind: fc.constant('start' as const),
  x: fc.integer({ min: 1, max: 9 }),
  y: fc.integer({ min: 1, max: 2 }),
  pace: runPace,
  backfillMinutes: fc.constantFrom(0, 4),
  replace: fc.boolean(),
});
const update = fc.record(
  {
    kind: fc.constant('update' as const),
    x: fc.integer({ min: 1, max: 9 }),
    y: fc.integer({ min: 1, max: 3 }),
    pace: runPace,
  },
  { requiredKeys: ['kind'] },
);
const stop = fc.constant({ kind: 'stop' as const });
const scale = fc.record({ kind: fc.constant('scale' as const), to: fc.integer({ min: 1, max: 4 }) });
const retry = fc.record({
  kind: fc.constant('retry' as const),
  every: fc.constantFrom(1, 1, 2),
  stays: fc.boolean(),
});
const forge = fc.record({ kind: fc.constant('forge' as const), what: fc.nat(FORGERIES.length - 1) });
const outage = fc.record({
  kind: fc.constant('outage' as const),
  of: fc.constantFrom('results' as const, 'ledger' as const, 'queue' as const),
});
const restore = fc.constant({ kind: 'restore' as const });
const wait = fc.record({
  kind: fc.constant('wait' as const),
  ms: fc.constantFrom(minute, minute, 3_000, 12_000, 4 * minute, 16 * minute),
});

/** What mostly happens in a scenario: of all that can, what matters meets more often when there is less of the rest. */
interface Theme {
  operations: [weight: number, operation: fc.Arbitrary<Operation>][];
  kinds: readonly JobKind[];
  /** As a scenario has them; any unless given. */
  x?: readonly number[];
  timeoutMs?: readonly number[];
  jobsPerMessage?: readonly number[];
  batchSize?: readonly number[];
  workers?: readonly number[];
  visibility?: readonly number[];
  timePasses?: number;
  failurePercent?: readonly number[];
  contentionPercent?: readonly number[];
  speeds?: readonly number[][];
}

export const THEMES = {
  anything: {
    operations: [
      [6, fire],
      [4, wait],
      [4, retry],
      [2, start],
      [2, update],
      [2, forge],
      [2, restore],
      [1, stop],
      [1, scale],
      [1, outage],
    ],
    kinds: JOB_KINDS,
  },
  /** Jobs fail, and their dead letters are sent again. */
  failures: {
    operations: [
      [3, retry],
      [3, wait],
      [1, fire],
      [1, outage],
      [1, restore],
    ],
    kinds: ['throwing', 'flaky', 'once', 'text'],
  },
  /** Jobs take their workers along, and others with them. */
  deaths: {
    operations: [
      [3, wait],
      [1, fire],
      [1, retry],
      [1, outage],
      [1, restore],
    ],
    kinds: ['crashing', 'exclusive', 'slow'],
  },
  /** The ledger comes and goes, and good jobs come back that workers might have died of. */
  ledgerOutages: {
    operations: [
      [3, fc.constant({ kind: 'outage' as const, of: 'ledger' as const })],
      [3, restore],
      [3, wait],
      [1, fire],
    ],
    kinds: ['good', 'slow'],
    visibility: [0.02, 0.2],
    timePasses: 12,
    failurePercent: [0],
  },
  /** Elasticsearch comes and goes. */
  outages: {
    operations: [
      [3, fc.constant({ kind: 'outage' as const, of: 'results' as const })],
      [3, restore],
      [3, wait],
      [1, fire],
    ],
    kinds: ['good'],
  },
  /** Messages come again while they are worked on, as SQS may have it at any time, and nobody dies. */
  overlaps: {
    operations: [[1, wait]],
    kinds: ['good'],
    // One job, and nothing else amiss that could be held against it.
    x: [1],
    timeoutMs: [300_000],
    jobsPerMessage: [1],
    batchSize: [1],
    workers: [9],
    // Most are slow, and one overtakes them.
    speeds: [
      [1, 1, 1, 60],
      [1, 1, 1, 1, 60],
    ],
    visibility: [0.02],
    timePasses: 12,
    failurePercent: [0],
    contentionPercent: [0],
  },
  /** Ticks follow each other, workers come and go, and people look on. */
  ticks: {
    operations: [
      [3, fire],
      [3, wait],
      [1, update],
      [1, scale],
    ],
    kinds: ['good', 'slow'],
  },
  /** Workers come and go, so that counters change hands, while people look on and transactions take their time. */
  turnover: {
    operations: [
      [3, fire],
      [3, fc.constant({ kind: 'wait' as const, ms: 50_000 })],
    ],
    kinds: ['good'],
    jobsPerMessage: [1],
    batchSize: [1],
    workers: [3],
    failurePercent: [0],
    contentionPercent: [60],
  },
  /** People give commands, all at once. */
  commands: {
    operations: [
      [4, update],
      [2, start],
      [1, stop],
      [2, fire],
      [1, wait],
    ],
    kinds: ['good'],
  },
} satisfies Record<string, Theme>;

export type ThemeName = keyof typeof THEMES;

export interface Bounds {
  operations: number;
  choices: number;
}

/** Scenarios of up to so many operations and choices, of all themes unless one is named. */
export function scenarios(bounds: Bounds, theme?: ThemeName): fc.Arbitrary<Scenario> {
  if (theme) return themed(THEMES[theme], bounds);
  return fc.oneof(...Object.values(THEMES).map((one) => themed(one, bounds)));
}

function themed(theme: Theme, bounds: Bounds): fc.Arbitrary<Scenario> {
  const {
    operations,
    kinds,
    x = [1, 2, 3, 4, 5, 6, 7, 8, 9],
    timeoutMs = [300_000, 10_000],
    jobsPerMessage = [1, 2, 3, 9],
    batchSize = [1, 3, 10],
    workers = [1, 2, 3],
    visibility = [6, 1],
    timePasses = 1,
    failurePercent = [0, 8, 25, 25],
    contentionPercent = [0, 0, 30],
    speeds,
  } = theme;
  const operation = fc.oneof(...operations.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  return fc.record({
    x: fc.constantFrom(...x),
    y: fc.integer({ min: 1, max: 3 }),
    runPace,
    jobsPerMessage: fc.constantFrom(...jobsPerMessage),
    batchSize: fc.constantFrom(...batchSize),
    workers: fc.constantFrom(...workers),
    jobConcurrency: fc.constantFrom(1, 3),
    maxAttempts: fc.integer({ min: 1, max: 3 }),
    maxReceives: fc.constantFrom(MANY_RECEIVES, MANY_RECEIVES, 3),
    timeoutMs: fc.constantFrom(...timeoutMs),
    visibility: fc.constantFrom(...visibility),
    kinds: fc.array(fc.constantFrom('good' as const, ...kinds), { minLength: 1, maxLength: 4 }),
    speeds: speeds
      ? fc.constantFrom(...speeds)
      : fc.array(fc.constantFrom(4, 1, 20), { minLength: 1, maxLength: 4 }),
    timePasses: fc.constant(timePasses),
    failurePercent: fc.constantFrom(...failurePercent),
    contentionPercent: fc.constantFrom(...contentionPercent),
    operations: fc.array(operation, { maxLength: bounds.operations, size: 'max' }),
    choices: fc.noBias(fc.array(fc.nat(0xff_ffff), { maxLength: bounds.choices, size: 'max' })),
  });
}
