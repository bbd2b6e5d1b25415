import fc from 'fast-check';
import { type LoadSettings, loadOf, SHAPES, type Shape } from './load.ts';
import { type Conditions, GOOD_CONDITIONS, type Scenario } from './simulate.ts';

/** A scenario, and the rule by which it is scaled. */
export interface ScalingScenario {
  scenario: Scenario;
  load: LoadSettings;
  rule: { min: number; max: number };
}

/** The number of workers that do the jobs of the largest tick within half of the period. */
export function workersForPeak({ x, y, jobMs, jobConcurrency, slowdown }: LoadSettings): number {
  return (x * jobMs * Math.max(1, slowdown)) / jobConcurrency / (y * 30_000);
}

const SHAPE_NAMES = Object.keys(SHAPES) as Shape[];

/** Loads of three hours whose largest tick needs up to 15 workers. */
const loads = fc
  .record({
    shape: fc.constantFrom(...SHAPE_NAMES),
    hours: fc.constant(3),
    y: fc.constantFrom(5, 10, 20, 30),
    pace: fc.constantFrom('burst' as const, 'even' as const),
    jobMs: fc.constantFrom(20, 100, 1_000, 10_000),
    jobConcurrency: fc.constantFrom(1, 10),
    slowdown: fc.constantFrom(1, 1, 0.5, 4),
    peak: fc.integer({ min: 1, max: 15 }),
  })
  .map(
    ({ peak, ...load }): LoadSettings => ({
      ...load,
      x: Math.floor(peak / workersForPeak({ ...load, x: 1 })),
    }),
  );

/** Everything goes wrong sometimes. */
const bad = fc.record({
  callMs: fc.constantFrom(100, 2_000),
  mappingUpdateMs: fc.constantFrom(0, 20_000, 60_000),
  callFailurePercent: fc.constantFrom(0, 10, 30),
  missingPercent: fc.constantFrom(0, 10, 30),
  lateMs: fc.constantFrom(0, 20_000),
  lostDecisionPercent: fc.constantFrom(0, 20),
  deathPercent: fc.constantFrom(0, 20),
  batchDeviation: fc.constantFrom(0, 0.3),
  resultsPerSecond: fc.constantFrom(Number.POSITIVE_INFINITY, 500),
});

/** Only delays that AWS documents, or that every system has. */
const good = fc.record({
  mappingUpdateMs: fc.constantFrom(0, 20_000, 60_000),
  batchDeviation: fc.constantFrom(0, 0.2),
});

const scenariosWith = (conditions: fc.Arbitrary<Partial<Conditions>>): fc.Arbitrary<ScalingScenario> =>
  fc
    .record({
      seed: fc.integer(),
      load: loads,
      conditions,
      min: fc.constantFrom(2, 2, 3),
      visibilityMs: fc.constantFrom(60_000, 180_000),
    })
    .map(({ seed, load, conditions, min, visibilityMs }) => ({
      load,
      rule: { min, max: 20 },
      scenario: {
        seed,
        load: loadOf(load),
        hours: load.hours,
        workersAtStart: min,
        visibilityMs,
        conditions: { ...GOOD_CONDITIONS, ...conditions },
      },
    }));

export const BAD_SCENARIOS = scenariosWith(bad);
export const GOOD_SCENARIOS = scenariosWith(good);
