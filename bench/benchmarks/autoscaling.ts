import { count } from '../../cli/terminal/format.ts';
import { type LoadSettings, loadOf } from '../../test/simulation/scaling/load.ts';
import { directionChanges } from '../../test/simulation/scaling/properties.ts';
import type { Scaler } from '../../test/simulation/scaling/scaler.ts';
import { drumline } from '../../test/simulation/scaling/scalers/drumline.ts';
import { fixed } from '../../test/simulation/scaling/scalers/fixed.ts';
import { keda } from '../../test/simulation/scaling/scalers/keda.ts';
import { targetTracking } from '../../test/simulation/scaling/scalers/target-tracking.ts';
import { GOOD_CONDITIONS, simulate, type Trace } from '../../test/simulation/scaling/simulate.ts';
import { type Benchmark, type Row, type Section, tableOf } from '../harness/benchmark.ts';
import { quantile } from '../harness/figures.ts';
import { type Panel, type Point, plot, type Series } from '../harness/plot.ts';

export interface AutoscalingRow extends Row {
  load: string;
  scaler: string;
  /** Minutes of reserved workers. */
  workerMinutes: number;
  /** Minutes of workers that processed a batch: the lowest possible number of worker-minutes. */
  busyMinutes: number;
  /** Seconds from the time when a tick was due to the end of its last job. */
  drainSeconds: { median: number; p95: number };
  /** Share of the ticks whose jobs were done within half of Y. */
  inTime: number;
  /** How often the number of workers changed its direction. */
  directionChanges: number;
}

const RULE = { min: 2, max: 20 };
const MINUTE_MS = 60_000;

/** The largest tick has 1,600 s of work for one worker, so that five to six busy workers drain it in half of Y. */
const PEAK: LoadSettings = {
  shape: 'constant',
  hours: 4,
  y: 10,
  pace: 'burst',
  x: 160_000,
  jobMs: 100,
  jobConcurrency: 10,
  slowdown: 1,
};
const DRAIN_WITHIN_MS = (PEAK.y * MINUTE_MS) / 2;

/** A message has as many jobs as one worker does in half a second, so that a worker drains this many in half of Y. */
const MESSAGES_IN_TIME = DRAIN_WITHIN_MS / 500;

const LOADS: { [name: string]: LoadSettings } = {
  step: { ...PEAK, shape: 'step' },
  ramp: { ...PEAK, shape: 'ramp' },
  spike: { ...PEAK, shape: 'spike' },
  day: { ...PEAK, shape: 'day', hours: 24 },
  'on and off': { ...PEAK, shape: 'onOff' },
  'slower jobs': { ...PEAK, x: 60_000, slowdown: 3 },
};

/** Shares of `MESSAGES_IN_TIME` to which the target of the other scalers is set, for the trade-off. */
const TARGET_SHARES = [1.5, 1, 0.75, 0.5, 0.35, 0.25, 0.15];

export const autoscaling: Benchmark<object, AutoscalingRow> = {
  name: 'autoscaling',
  question: 'What does autoscaling save, and what does it cost?',
  method: `A simulation in virtual time (\`test/simulation/scaling\`), not a measurement: the figures are the same on every machine. The largest tick has
${count(PEAK.x)} jobs of 100 ms, ten at a time in a worker; Y is ${PEAK.y} minutes, and all scalers may use ${RULE.min} to ${RULE.max} workers.
*step* is a tenth of the load, then all of it, then a tenth; *spike* is one full tick among small ones; *day* is a day's curve; *on and off* changes every
half hour; in *slower jobs*, jobs take three times as long from half of the time on. All scalers work on the same model of Lambda, with a change of
the mapping that takes up to 30 s. Drumline's code decides and applies. KEDA and target tracking see the queue's numbers 30 s late. Their target is
the number of messages that a worker processes in half of Y, which is what AWS recommends, or half of that. *fixed at the mean* has Drumline's mean
number of workers. Ticks that are due less than Y before the end do not count.`,

  async run({ draws, signal }) {
    const rows: AutoscalingRow[] = [];
    for (const [name, load] of Object.entries(LOADS)) {
      signal.throwIfAborted();
      const ours = await run(load, drumline(RULE));
      const mean = ours.workerMinutes / (load.hours * 60);
      const others = [
        fixed(RULE.min),
        { ...fixed(Math.ceil(mean)), name: 'fixed at the mean' },
        fixed(RULE.max),
        keda(RULE, MESSAGES_IN_TIME),
        { ...keda(RULE, MESSAGES_IN_TIME / 2), name: 'KEDA, half the target' },
        targetTracking(RULE, MESSAGES_IN_TIME),
        { ...targetTracking(RULE, MESSAGES_IN_TIME / 2), name: 'target tracking, half the target' },
      ];
      const traces = new Map([['Drumline', ours]]);
      for (const scaler of others) traces.set(scaler.name, await run(load, scaler));
      for (const [scaler, trace] of traces) rows.push(rowOf(name, scaler, load, trace));
      if (['step', 'on and off', 'slower jobs'].includes(name))
        draws(`autoscaling-${name.replaceAll(' ', '-')}`, drawTraces(name, traces));
    }
    draws('autoscaling-trade-off', await drawTradeOff());
    return rows;
  },

  section(rows): Section {
    const loads = [...new Set(rows.map(({ load }) => load))];
    return [
      'Worker-minutes are minutes of reserved workers. The busy minutes are what the jobs took, in any case. A tick is in time if its jobs are done within half of Y.',
      ...loads.map((load) =>
        tableOf(
          rows.filter((row) => row.load === load),
          {
            '': ({ scaler }) => scaler,
            'worker-minutes': ({ workerMinutes }) => count(workerMinutes),
            busy: ({ workerMinutes, busyMinutes }) => percent(busyMinutes / workerMinutes),
            'drain s, median': ({ drainSeconds }) => count(drainSeconds.median),
            '95 % within s': ({ drainSeconds }) => count(drainSeconds.p95),
            'in time': ({ inTime }) => percent(inTime),
            'changes of direction': (row) => count(row.directionChanges),
          },
          `Load: ${load}`,
        ),
      ),
    ];
  },
};

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** Fixed numbers are in force from the start. */
function run(load: LoadSettings, scaler: Scaler): Promise<Trace> {
  const number = scaler.decide({ figures: { now: 0 }, depth: { visible: 0, inFlight: 0 } });
  return simulate(
    {
      seed: 1,
      load: loadOf(load),
      hours: load.hours,
      workersAtStart: number ?? RULE.min,
      visibilityMs: 180_000,
      conditions: GOOD_CONDITIONS,
    },
    scaler,
  );
}

function rowOf(name: string, scaler: string, load: LoadSettings, trace: Trace): AutoscalingRow {
  const drains = drainTimes(load, trace);
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    benchmark: 'autoscaling',
    load: name,
    scaler,
    workerMinutes: round(trace.workerMinutes),
    busyMinutes: round(trace.busyMinutes),
    drainSeconds: {
      median: round(quantile(drains, 0.5) / 1_000),
      p95: round(quantile(drains, 0.95) / 1_000),
    },
    inTime: round((drains.filter((ms) => ms <= DRAIN_WITHIN_MS).length / drains.length) * 1_000) / 1_000,
    directionChanges: directionChanges(trace.samples).length,
  };
}

/** Ascending. A tick that is not done at the end counts with the time until then. */
function drainTimes(load: LoadSettings, { ticks }: Trace): number[] {
  const end = load.hours * 60 * MINUTE_MS;
  return ticks
    .filter(({ dueAt, jobs }) => jobs > 0 && dueAt + load.y * MINUTE_MS <= end)
    .map(({ dueAt, drainMs = end - dueAt }) => drainMs)
    .sort((a, b) => a - b);
}

/** Workers and pending jobs over time. */
function drawTraces(name: string, traces: Map<string, Trace>): string {
  const shown = ['Drumline', 'KEDA', 'target tracking'].flatMap((scaler) => {
    const trace = traces.get(scaler);
    return trace ? [{ scaler, samples: trace.samples.filter((_, at) => at % 6 === 0) }] : [];
  });
  const panel = (title: string, yLabel: string, key: 'reserved' | 'backlog'): Panel => ({
    title,
    yLabel,
    series: shown.map(({ scaler, samples }) => ({
      name: scaler,
      points: samples.map((sample): Point => [sample.at / MINUTE_MS, sample[key]]),
      step: key === 'reserved',
    })),
  });
  return plot({
    title: `Load: ${name}`,
    xLabel: 'minutes since the start',
    panels: [panel('Workers', 'workers', 'reserved'), panel('Pending jobs', 'jobs', 'backlog')],
  });
}

/** What a scaler costs and achieves with different settings, on a day's curve. */
async function drawTradeOff(): Promise<string> {
  const load = LOADS.day as LoadSettings;
  const seriesOf = async (name: string, scalers: Scaler[]): Promise<Series> => {
    const points: Point[] = [];
    for (const scaler of scalers) {
      const trace = await run(load, scaler);
      points.push([trace.workerMinutes / (load.hours * 60), quantile(drainTimes(load, trace), 0.95) / 1_000]);
    }
    return { name, points: points.sort(([a], [b]) => a - b) };
  };
  const targets = TARGET_SHARES.map((share) => share * MESSAGES_IN_TIME);
  return plot({
    title: 'A day’s curve: the same scalers with different settings (down and left is better)',
    xLabel: 'mean number of workers',
    panels: [
      {
        title: 'Time within which 95 % of the ticks are done',
        yLabel: 'seconds',
        series: [
          await seriesOf(
            'Drumline, drainWithin 60 to 500 s',
            [60, 100, 150, 200, 300, 400, 500].map((drainWithinSeconds) =>
              drumline({ ...RULE, drainWithinSeconds }),
            ),
          ),
          await seriesOf(
            'KEDA',
            targets.map((target) => keda(RULE, target)),
          ),
          await seriesOf(
            'target tracking',
            targets.map((target) => targetTracking(RULE, target)),
          ),
          await seriesOf('fixed', [5, 6, 7, 8, 10, 12, 16, 20].map(fixed)),
        ],
      },
    ],
  });
}
