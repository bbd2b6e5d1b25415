import { useMemo } from 'preact/hooks';
import type { View } from '../../../protocol.ts';
import { clock, count, counted, elapsed, shortCount, shortDuration, throughput } from '../text/numbers.ts';
import { Chart, type Marker } from './chart.tsx';
import {
  durationDecades,
  largest,
  newest,
  spansDecades,
  stacked,
  type TimeWindow,
  timeWindow,
  type Values,
  valuesIn,
} from './series.ts';

/** Steps of an axis that counts. */
const COUNTS = [1, 2, 5, 10, 20, 50]
  .flatMap((step) => [1, 100, 1e4, 1e6, 1e8].map((factor) => step * factor))
  .sort((a, b) => a - b);

/** Steps of an axis of durations, in milliseconds. */
const DURATION_STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5,
  72e5, 216e5, 432e5, 864e5, 1728e5,
];

/** What the charts of one view share. */
export interface Shown {
  view: View;
  window: TimeWindow;
}

/** @param spanMinutes length of the time axis */
export function useShown(view: View, spanMinutes: number): Shown {
  return useMemo(
    () => ({ view, window: timeWindow(view.history, view.at, spanMinutes * 60_000) }),
    [view, spanMinutes],
  );
}

function inWindow({ view, window }: Shown, values: Values): Values {
  return valuesIn(values, window, view.history.bucketMs);
}

/** Jobs per second, stacked by worker. */
export function ThroughputChart({ shown }: { shown: Shown }) {
  const { workers, others, throughput: rates } = shown.view.history;
  const series = useMemo(
    () =>
      rates.map((values, index) => ({
        name: workers[index] ?? `${counted(others, 'other worker')}`,
        color: index < workers.length ? `var(--series-${index + 1})` : 'var(--series-rest)',
        values: inWindow(shown, values),
      })),
    [shown],
  );
  const total = stacked(series.map(({ values }) => values)).at(-1) ?? [];
  const max = largest([total]);
  const now = newest(total);
  return (
    <Chart
      title="Throughput by worker"
      total
      window={shown.window}
      kind="areas"
      height={190}
      series={series}
      format={(value) => throughput(value, max)}
      formatAxis={(value) => (max < 1 ? shortCount(value * 60) : shortCount(value))}
      summary={`${sumOf(now, (value) => throughput(value, max))} Largest in the shown time: ${throughput(max, max)}. ${counted(workers.length + others, 'worker')}.`}
    />
  );
}

export function WaitingChart({ shown }: { shown: Shown }) {
  const { waiting, ticks } = shown.view.history;
  return (
    <LineChart
      shown={shown}
      title="Waiting jobs"
      note="▲ marks a tick."
      name="Waiting"
      color="var(--series-1)"
      values={waiting}
      ticks={ticks.map(({ at }) => at)}
      format={count}
      formatAxis={shortCount}
      steps={COUNTS}
    />
  );
}

export function OldestChart({ shown }: { shown: Shown }) {
  const values = useMemo(
    () => shown.view.history.oldestSeconds.map((seconds) => (seconds === null ? null : seconds * 1_000)),
    [shown],
  );
  return (
    <LineChart
      shown={shown}
      title="Age of the oldest waiting job"
      note="Grows when the queue stalls, although finished jobs look well."
      name="Oldest"
      color="var(--series-4)"
      values={values}
      format={elapsed}
      formatAxis={shortDuration}
      steps={DURATION_STEPS}
    />
  );
}

export function WaitTimeChart({ shown }: { shown: Shown }) {
  return (
    <LineChart
      shown={shown}
      title="Wait time"
      note="From enqueued to started. Long waits call for more workers."
      name="Wait time"
      color="var(--series-2)"
      values={shown.view.history.waitMs}
      format={durationText}
      formatAxis={shortDuration}
      steps={DURATION_STEPS}
      mayBeLogarithmic
    />
  );
}

export function RunTimeChart({ shown }: { shown: Shown }) {
  return (
    <LineChart
      shown={shown}
      title="Run time"
      note="From started to ended. Long runs call for faster code."
      name="Run time"
      color="var(--series-3)"
      values={shown.view.history.runMs}
      format={durationText}
      formatAxis={shortDuration}
      steps={DURATION_STEPS}
      mayBeLogarithmic
    />
  );
}

/** How many workers may run, with the autoscaler's decisions. */
export function ConcurrencyChart({ shown }: { shown: Shown }) {
  const { concurrency, decisions } = shown.view.history;
  const markers: Marker[] = decisions.map(({ at, from, to, reason, problem }) => ({
    at,
    label: `${workersText(from)} → ${workersText(to)}${problem === undefined ? '' : ' ✕'}`,
    text: problem === undefined ? reason : `${reason} Not done: ${problem}`,
  }));
  return (
    <LineChart
      shown={shown}
      title="Workers allowed"
      note="Steps are changes of the number; the autoscaler’s decisions are marked."
      name="Workers"
      color="var(--series-8)"
      kind="steps"
      values={concurrency}
      markers={markers}
      format={count}
      formatAxis={shortCount}
      steps={COUNTS}
    />
  );
}

/** The autoscaler's decisions of the last hour, the newest first. */
export function Decisions({ shown }: { shown: Shown }) {
  const decisions = shown.view.history.decisions.slice(-MAX_DECISIONS).reverse();
  return (
    <section class="card decisions">
      <h2>Scaling decisions</h2>
      {decisions.length === 0 ? (
        <p class="muted">The number of workers has not changed in the last hour.</p>
      ) : (
        <ol>
          {decisions.map(({ at, from, to, reason, problem }) => (
            <li key={at}>
              <span class="muted mono">{clock(at)}</span>{' '}
              <strong>
                {workersText(from)} → {workersText(to)}
              </strong>{' '}
              {reason}
              {problem !== undefined && <span class="bad-text"> Not done: {problem}</span>}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

const MAX_DECISIONS = 30;

function workersText(workers: number | null): string {
  return workers === null ? 'no limit' : count(workers);
}

function durationText(ms: number): string {
  return ms < 1_000 ? `${count(ms)} ms` : elapsed(ms);
}

interface LineProps {
  shown: Shown;
  title: string;
  note: string;
  name: string;
  color: string;
  values: Values;
  kind?: 'line' | 'steps';
  format(value: number): string;
  formatAxis(value: number): string;
  steps: number[];
  ticks?: number[];
  markers?: Marker[];
  mayBeLogarithmic?: boolean;
}

function LineChart({
  shown,
  name,
  color,
  values,
  kind = 'line',
  mayBeLogarithmic = false,
  ...rest
}: LineProps) {
  const { series, decades } = useMemo(() => {
    const drawn = inWindow(shown, values);
    return {
      series: [{ name, color, values: drawn }],
      decades: mayBeLogarithmic && spansDecades(drawn) ? durationDecades(drawn) : undefined,
    };
  }, [shown]);
  const drawn = series[0]?.values ?? [];
  return (
    <Chart
      {...rest}
      kind={kind}
      window={shown.window}
      series={series}
      decades={decades}
      summary={`${sumOf(newest(drawn), rest.format)} Largest in the shown time: ${rest.format(largest([drawn]))}.`}
    />
  );
}

function sumOf(now: number | null, format: (value: number) => string): string {
  return now === null ? 'Now not known.' : `Now ${format(now)}.`;
}
