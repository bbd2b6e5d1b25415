import fc from 'fast-check';
import type { Pace, Period } from '../../functions/core/model/schedule.ts';
import { MANY_RECEIVES } from './consumers.ts';
import { FORGERIES } from './forgeries.ts';
import { JOB_KINDS, type JobKind } from './jobs.ts';
import type { Service } from './network.ts';
import { type ListScenario, TROUBLES, type Trouble } from './source.ts';

/** An action of a user or the rule, or an outage. The schedule decides when it happens. */
export type Operation =
  /** The rule's event, delivered late to one or more schedulers, which may have the same name. */
  | { kind: 'fire'; lateMs: number; times: number; sameName: boolean }
  | { kind: 'start'; x: number | 'all'; y: Period; pace: Pace; backfillMinutes: number; replace: boolean }
  | { kind: 'update'; x?: number | 'all'; y?: Period; pace?: Pace }
  | { kind: 'stop' }
  | { kind: 'scale'; to: number }
  /** Every n-th dead letter is sent again. It stays in its queue if the sender dies before deleting it. */
  | { kind: 'retry'; every: number; stays: boolean }
  | { kind: 'forge'; what: number }
  | { kind: 'outage'; of: Service }
  | { kind: 'restore' }
  | { kind: 'wait'; ms: number };

/** All inputs of a simulation. Equal scenarios are equal simulations. */
export interface Scenario {
  /** `all` only with a list. */
  x: number | 'all';
  y: Period;
  /** The pace of the first run. */
  runPace: Pace;
  jobsPerMessage: number;
  batchSize: number;
  workers: number;
  /** Maximum batches that the event source mapping receives at a time, if more than the workers. */
  pollers?: number;
  jobConcurrency: number;
  maxAttempts: number;
  maxReceives: number;
  /** The consumer's time limit. */
  timeoutMs: number;
  /** The visibility timeout, as a multiple of the time limit. */
  visibility: number;
  /** The kind of a job is `kinds[jobId % kinds.length]`. */
  kinds: JobKind[];
  /** The weights with which the schedule chooses the actors' calls. Races need slow actors. */
  speeds: number[];
  /** The weight with which the schedule advances the clock while calls are in progress. */
  timePasses: number;
  /** Percentage of calls that do not simply succeed. */
  failurePercent: number;
  /** Percentage of DynamoDB's transactions that are slow or throttled. */
  contentionPercent: number;
  operations: Operation[];
  choices: number[];
  /** When the simulation starts, in milliseconds since 1970. */
  startsAt?: number;
  /** The length of an Elasticsearch outage after the last choice, in milliseconds. */
  outageMs?: number;
  /** The list of the jobs' items. Without it, jobs are numbered. */
  list?: ListScenario;
}

/** One good job, and a schedule of default choices. */
export const PLAIN_SCENARIO: Scenario = {
  x: 1,
  y: 1,
  runPace: 'burst',
  jobsPerMessage: 1,
  batchSize: 10,
  workers: 1,
  jobConcurrency: 1,
  maxAttempts: 1,
  maxReceives: MANY_RECEIVES,
  timeoutMs: 300_000,
  visibility: 6,
  kinds: ['good'],
  speeds: [4],
  timePasses: 1,
  failurePercent: 0,
  contentionPercent: 0,
  operations: [],
  choices: [],
};

const minute = 60_000;

const runPace = fc.constantFrom('burst' as const, 'even' as const);

const fire = operation('fire', {
  lateMs: fc.constantFrom(0, 0, 30_000, 90_000, 5 * minute),
  times: fc.constantFrom(1, 1, 2),
  sameName: fc.boolean(),
});
const startOf = (x: fc.Arbitrary<number | 'all'>) =>
  operation('start', {
    x,
    y: fc.integer({ min: 1, max: 2 }),
    pace: runPace,
    backfillMinutes: fc.constantFrom(0, 4),
    replace: fc.boolean(),
  });
const updateOf = (x: fc.Arbitrary<number | 'all'>) =>
  fc
    .record({ x, y: fc.integer({ min: 1, max: 3 }), pace: runPace }, { requiredKeys: [] })
    .map((change): Operation => ({ kind: 'update', ...change }));
const start = startOf(fc.integer({ min: 1, max: 9 }));
const update = updateOf(fc.integer({ min: 1, max: 9 }));
const stop = operation('stop', {});
const scale = operation('scale', { to: fc.integer({ min: 1, max: 4 }) });
const retry = operation('retry', { every: fc.constantFrom(1, 1, 2), stays: fc.boolean() });
const forge = operation('forge', { what: fc.nat(FORGERIES.length - 1) });
const outageOf = (...of: Service[]) => operation('outage', { of: fc.constantFrom(...of) });
const outage = outageOf('results', 'ledger', 'queue');
const restore = operation('restore', {});
const wait = operation('wait', {
  ms: fc.constantFrom(minute, minute, 3_000, 12_000, 4 * minute, 16 * minute),
});

/** Operations of one kind with random fields. */
function operation(kind: Operation['kind'], fields: Record<string, fc.Arbitrary<unknown>>) {
  return fc.record(fields).map((values) => ({ kind, ...values }) as Operation);
}

/** A distribution of scenarios about one subject, in which faults of that subject show sooner. */
interface Theme {
  operations: [weight: number, operation: fc.Arbitrary<Operation>][];
  kinds: readonly JobKind[];
  /** Values for the scenario's fields; without them, all values. */
  x?: readonly (number | 'all')[];
  timeoutMs?: readonly number[];
  jobsPerMessage?: readonly number[];
  batchSize?: readonly number[];
  workers?: readonly number[];
  visibility?: readonly number[];
  timePasses?: number;
  failurePercent?: readonly number[];
  contentionPercent?: readonly number[];
  speeds?: readonly number[][];
  list?: fc.Arbitrary<ListScenario>;
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
  /** Jobs kill their workers, and other jobs with them. */
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
  /** The ledger has outages, so that good jobs come back as if their workers had died. */
  ledgerOutages: {
    operations: [
      [3, outageOf('ledger')],
      [3, restore],
      [3, wait],
      [1, fire],
    ],
    kinds: ['good', 'slow'],
    visibility: [0.02, 0.2],
    timePasses: 12,
    failurePercent: [0],
  },
  /** Elasticsearch has outages. */
  outages: {
    operations: [
      [3, outageOf('results')],
      [3, restore],
      [3, wait],
      [1, fire],
    ],
    kinds: ['good'],
  },
  /** Messages are delivered again during their processing, and no worker dies. */
  overlaps: {
    operations: [[1, wait]],
    kinds: ['good'],
    // One job, and no other failure that could be held against it.
    x: [1],
    timeoutMs: [300_000],
    jobsPerMessage: [1],
    batchSize: [1],
    workers: [9],
    // Most actors are slow, and one overtakes them.
    speeds: [
      [1, 1, 1, 60],
      [1, 1, 1, 1, 60],
    ],
    visibility: [0.02],
    timePasses: 12,
    failurePercent: [0],
    contentionPercent: [0],
  },
  /** Many ticks, with changing concurrency, while the status is read. */
  ticks: {
    operations: [
      [3, fire],
      [3, wait],
      [1, update],
      [1, scale],
    ],
    kinds: ['good', 'slow'],
  },
  /** Workers are replaced, so that counters are taken over, while the status is read and transactions are slow. */
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
  /** Jobs take different times, so that some messages of a batch are counted while jobs of others run. */
  progress: {
    operations: [
      [3, wait],
      [1, fire],
      [1, retry],
      [1, outageOf('results', 'ledger')],
      [1, restore],
    ],
    kinds: ['timed', 'timed', 'slow', 'flaky', 'permanent', 'crashing'],
    jobsPerMessage: [1, 2, 3],
    batchSize: [3, 10],
    visibility: [6, 0.02],
    timePasses: 6,
  },
  /** Concurrent commands of users. */
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

const listX = fc.constantFrom('all' as const, 1, 2, 3, 5);
const listUpdate = updateOf(listX);
const listStart = startOf(listX);

/** Lists of one to `pages` pages. */
const listOf = (pages: number, troubles: readonly Trouble[], readerMs: readonly number[]) =>
  fc.record({
    pages: fc.integer({ min: 1, max: pages }),
    sizes: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
    changes: fc.constantFrom(true, true, false),
    misfits: fc.constantFrom(false, false, true),
    troubles: fc.array(fc.constantFrom(...troubles), { minLength: 1, maxLength: 5 }),
    readerMs: fc.constantFrom(...readerMs),
  });

/** Themes of jobs with a list. They are apart, so that the schedules of the themes above stay the same. */
export const LIST_THEMES = {
  /** Passes for one tick and for several, which change in the middle. */
  lists: {
    operations: [
      [4, fire],
      [3, wait],
      [2, listUpdate],
      [1, listStart],
      [1, stop],
      [1, retry],
      [1, outageOf('items', 'ledger', 'functions')],
      [1, restore],
    ],
    kinds: ['good', 'slow', 'flaky', 'throwing'],
    x: ['all', 'all', 1, 2, 3, 5],
    list: listOf(4, ['none'], [900_000, 60_000]),
  },
  /** Several schedulers and readers at once, of which some are slow. */
  readers: {
    operations: [
      [4, fire],
      [1, wait],
      [1, listUpdate],
    ],
    kinds: ['good'],
    x: ['all', 2],
    speeds: [[1, 20], [1, 1, 20], [4]],
    timePasses: 6,
    failurePercent: [0, 8, 25],
    list: listOf(6, ['none', 'none', 'slow'], [900_000, 45_000]),
  },
  /** Passes from which many ticks take a few items, until the pass is too old. Schedulers overlap. */
  longPasses: {
    operations: [
      [6, fire],
      [3, fc.constant({ kind: 'wait' as const, ms: minute })],
      [1, listUpdate],
    ],
    kinds: ['good'],
    x: [1, 1, 2],
    speeds: [[4], [1, 20], [1, 1, 20]],
    timePasses: 4,
    failurePercent: [0, 0, 8],
    list: listOf(6, ['none'], [900_000]),
  },
  /** Jobs fail, and their dead letters are sent again after the list has changed. */
  misfits: {
    operations: [
      [3, retry],
      [3, wait],
      [1, fire],
      [1, outageOf('items')],
      [1, restore],
    ],
    kinds: ['good', 'throwing', 'flaky'],
    x: ['all', 3],
    list: listOf(3, ['none'], [900_000]).map((list) => ({ ...list, misfits: true })),
  },
  /** The list cannot be read, always or sometimes. */
  failingSources: {
    operations: [
      [4, fire],
      [3, wait],
      [1, listUpdate],
      [1, stop],
      [1, listStart],
      [1, outageOf('source', 'functions')],
      [1, restore],
    ],
    kinds: ['good'],
    x: ['all', 2],
    list: listOf(4, [...TROUBLES, 'none', 'none', 'fails', 'fails'], [900_000, 60_000, 45_000]),
  },
} satisfies Record<string, Theme>;

const ALL_THEMES: Record<string, Theme> = { ...THEMES, ...LIST_THEMES };

export type ThemeName = keyof typeof THEMES | keyof typeof LIST_THEMES;

/** Maximum numbers of a scenario's operations and choices. */
export interface Bounds {
  operations: number;
  choices: number;
}

/** Scenarios of one theme, or of all themes of numbered jobs. */
export function scenarios(bounds: Bounds, theme?: ThemeName): fc.Arbitrary<Scenario> {
  return anyOf(theme ? [ALL_THEMES[theme] as Theme] : Object.values(THEMES), bounds);
}

/** Scenarios of all themes of jobs with a list. */
export function listScenarios(bounds: Bounds): fc.Arbitrary<Scenario> {
  return anyOf(Object.values(LIST_THEMES), bounds);
}

function anyOf(themes: readonly Theme[], bounds: Bounds): fc.Arbitrary<Scenario> {
  const [first, ...others] = themes.map((theme) => themed(theme, bounds));
  return others.length > 0
    ? fc.oneof(first as fc.Arbitrary<Scenario>, ...others)
    : (first as fc.Arbitrary<Scenario>);
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
    list,
  } = theme;
  // A list must be read before the first job runs.
  const choices = list ? 3 * bounds.choices : bounds.choices;
  const anyOperation = fc.oneof(...operations.map(([weight, arbitrary]) => ({ weight, arbitrary })));
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
    operations: fc.array(anyOperation, { maxLength: bounds.operations, size: 'max' }),
    choices: fc.noBias(fc.array(fc.nat(0xff_ffff), { maxLength: choices, size: 'max' })),
    ...(list && { list }),
  });
}
